import { type BackupIdParts, parseBackupId } from '../../core/model/backup-id.ts';
import type { Service } from '../service/port.ts';
import { backupNotFound, badRequest, notFound } from './refusal.ts';
import type { StoreSizes } from './size-look.ts';
import { TargetView } from './target-view.ts';

/** The targets that are served, as requests name them. */
export class Views {
  readonly all: readonly TargetView[];
  readonly #unsubscribe: () => void;

  constructor(service: Service, now: () => Date) {
    const measured: StoreSizes = new Map();
    this.all = service.targets.map((served) => new TargetView(served, now, measured));
    const recorded = new Map<string, string>();
    this.#unsubscribe = service.subscribe((change) => {
      if (change.type === 'ended') this.#find(change.ended.target)?.drop();
      else if (change.activity.progress && recorded.get(change.activity.target) !== change.activity.runId) {
        // By its first progress a run has records.
        recorded.set(change.activity.target, change.activity.runId);
        this.#find(change.activity.target)?.drop();
      }
    });
  }

  close(): void {
    this.#unsubscribe();
  }

  /** @throws Refusal 404 */
  named(target: string): TargetView {
    const view = this.#find(target);
    if (view) return view;
    throw notFound(`There is no target ${target} here.`, `There is ${this.all.map(({ name }) => name).join(', ')}.`);
  }

  /** All of them where none is named. @throws Refusal 404 */
  chosen(target: string | undefined): readonly TargetView[] {
    return target === undefined ? this.all : [this.named(target)];
  }

  /** It may be left out where there is only one. @throws Refusal 400, 404 */
  theOne(target: string | undefined): TargetView {
    const [first, ...others] = this.all;
    if (target !== undefined || !first) return this.named(target ?? '');
    if (others.length === 0) return first;
    throw badRequest([`target: is to be one of ${this.all.map(({ name }) => name).join(', ')}`]);
  }

  /** @throws Refusal 404 where it is no id of a backup, or one of a target that is not served here */
  ofBackup(id: string): { view: TargetView; parts: BackupIdParts } {
    const parts = parseBackupId(id);
    if (!parts) throw backupNotFound('That is no backup id.');
    return { view: this.named(parts.target), parts };
  }

  #find(target: string): TargetView | undefined {
    return this.all.find(({ name }) => name === target);
  }
}

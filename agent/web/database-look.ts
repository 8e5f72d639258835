import { BackupError } from '../../core/model/errors.ts';
import { type Address, describeAddress } from '../falkordb/address.ts';
import { Database } from '../falkordb/database.ts';
import type { TargetAnswer } from './api.ts';
import { Cached, within } from './cached.ts';
import { down, up } from './part-state.ts';

const FRESH_MS = 5000;
const MAX_WAIT_MS = 3000;

type DatabaseState = TargetAnswer['database'];
type Versions = Pick<DatabaseState, 'falkordb' | 'redis'>;

/** Whether a FalkorDB answers; it is asked every 5 s at most, and waited for 3 s at most. */
export class DatabaseLook {
  readonly #address: Address;
  readonly #now: () => Date;
  readonly #state: Cached<DatabaseState>;
  /** One that is frozen leaves it open for minutes: nobody else knocks meanwhile. */
  #attempt: Promise<Versions> | undefined;

  constructor(address: Address, now: () => Date) {
    this.#address = address;
    this.#now = now;
    this.#state = new Cached(() => this.#look(), { freshMs: FRESH_MS });
  }

  /** Never throws. */
  state(): Promise<DatabaseState> {
    return this.#state.get();
  }

  async #look(): Promise<DatabaseState> {
    const address = describeAddress(this.#address);
    this.#attempt ??= readVersions(this.#address).finally(() => {
      this.#attempt = undefined;
    });
    try {
      const versions = await within(this.#attempt, MAX_WAIT_MS, () => silent(address));
      return { address, ...versions, ...up(this.#now()) };
    } catch (error) {
      return { address, falkordb: null, redis: null, ...down(error, this.#now()) };
    }
  }
}

async function readVersions(address: Address): Promise<Versions> {
  using db = await Database.connect(address);
  const { falkordbVersion = null, redisVersion } = await db.info();
  return { falkordb: falkordbVersion, redis: redisVersion };
}

function silent(address: string): BackupError {
  return new BackupError(
    'database-unreachable',
    `FalkorDB at ${address} did not answer within ${MAX_WAIT_MS / 1000} s.`,
    {
      hint: 'It may be frozen, or busy with a long command; its own log and the load of its host tell.',
      retryable: true,
    },
  );
}

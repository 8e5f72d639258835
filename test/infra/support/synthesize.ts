import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { BackupStack } from '../../../infra/backup-stack.ts';
import type { FalkorDbBackup } from '../../../infra/constructs/falkordb-backup.ts';
import type { FalkorDbBackupProps } from '../../../infra/props.ts';

export interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is whatever CloudFormation takes; tests say what they expect.
  Properties: any;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

export interface Synthesized {
  template: Template;
  /** Logical ids without their hash, and functions of CloudFormation as text. */
  resources: Map<string, Resource>;
  outputs: { name: string; value: string; description: string }[];
  only(type: string): Resource;
  all(type: string): Resource[];
  named(name: string): Resource;
}

// The CDK leaves 10 MB in the folder for temporary files for each app that names none.
const folder = mkdtempSync(join(tmpdir(), 'falkordb-backup-synth-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** With the context of cdk.json, as the app has it. */
export function newApp(): App {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8'));
  return new App({ context, analyticsReporting: false, outdir: mkdtempSync(join(folder, 'app-')) });
}

export function synthesize(
  backup: FalkorDbBackupProps = { targets: ['shop', 'graphiti-prod'] },
  extend: (stack: Stack, backup: FalkorDbBackup) => void = () => {},
): Synthesized {
  const stack = new BackupStack(newApp(), 'Stack', { backup });
  extend(stack, stack.backup);
  const template = Template.fromStack(stack);
  const json = template.toJSON();
  const resources = new Map(
    Object.entries<Resource>(json.Resources).map(([id, resource]) => [withoutHash(id), readable(resource) as Resource]),
  );
  const all = (type: string) => [...resources.values()].filter(({ Type }) => Type === type);
  return {
    template,
    resources,
    all,
    only: (type) => theOne(all(type), type),
    named: (name) =>
      theOne(
        [resources.get(name)].filter((found) => found !== undefined),
        name,
      ),
    outputs: Object.entries<{ Value: unknown; Description: string }>(json.Outputs).map(([name, output]) => ({
      name: withoutHash(name),
      value: String(readable(output.Value)),
      description: output.Description,
    })),
  };
}

function theOne<T>(found: T[], what: string): T {
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`There are ${found.length} ${what}`);
  return first;
}

const PSEUDO: Record<string, string> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-central-1',
  'AWS::AccountId': '123456789012',
};

/** `<StoreBucket.Arn>/falkordb/runs/*` for the functions that make it up. */
export function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  if (typeof fields.Ref === 'string') return PSEUDO[fields.Ref] ?? `<${withoutHash(fields.Ref)}>`;
  const [id, attribute] = (fields['Fn::GetAtt'] ?? []) as string[];
  if (id) return `<${withoutHash(id)}.${attribute}>`;
  const [separator, parts] = (fields['Fn::Join'] ?? []) as [string, unknown[]];
  if (parts) return parts.map(readable).join(separator);
  return Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, readable(each)]));
}

function withoutHash(id: string): string {
  return id.replace(/^Backup(?=.+[0-9A-F]{8}$)/, '').replace(/[0-9A-F]{8}$/, '');
}

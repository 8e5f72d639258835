import { App } from 'aws-cdk-lib';
import { hasCode } from '../core/model/errors.ts';
import { BackupStack } from './backup-stack.ts';
import { loadAppConfig } from './config.ts';

const app = new App();
try {
  const { stackName, region, ...backup } = loadAppConfig((key) => app.node.tryGetContext(key));
  const stack = new BackupStack(app, stackName, {
    description: 'Backups of FalkorDB (falkordb-backup)',
    backup,
    ...(region === undefined ? {} : { env: { region } }),
  });
  const { templateFullPath } = app.synth().getStackArtifact(stack.artifactId);
  process.stderr.write(`${stackName}: ${templateFullPath}\n`);
} catch (error) {
  if (!hasCode(error, 'invalid-settings')) throw error;
  process.stderr.write(`\nerror: ${error.message}\n  hint: ${error.hint ?? ''}\n`);
  process.exitCode = 1;
}

export { FalkorDbBackup } from './constructs/falkordb-backup.ts';
export type {
  AlertProps,
  BucketProps,
  Cron,
  FalkorDbBackupProps,
  RetentionProps,
  ScheduleProps,
} from './props.ts';

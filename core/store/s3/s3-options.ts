/** How to talk to an S3-compatible service, and what to ask of it for what is stored. */
export interface S3Options {
  /** Base URL of the service; AWS itself by default. */
  endpoint?: string;
  /** By default the SDK's own sources: AWS_REGION, the profile, the instance. */
  region?: string;
  /** By default the SDK's own sources: environment, profile, container or instance role. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** `https://host/bucket/key` in place of `https://bucket.host/key`. */
  forcePathStyle?: boolean;
  /** `when-required` leaves out the checksums that some services refuse. */
  checksums?: 'when-supported' | 'when-required';
  /** Of dumps; small objects are always kept in the bucket's standard class. */
  storageClass?: string;
  encryption?: 'AES256' | 'aws:kms';
  kmsKeyId?: string;
  /** Of every object, `name=value&name=value`, URL-encoded. */
  tagging?: string;
  /** How long the service may be silent. */
  timeoutSeconds?: number;
}

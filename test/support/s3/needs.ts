import type { AccessRequest } from '../iam.ts';
import type { ProxiedRequest } from './faults.ts';

/* What IAM is asked about the requests of ours to S3. What it does not know is an error. */

export type Kind =
  | 'get'
  | 'head'
  | 'put'
  | 'delete'
  | 'list'
  | 'list uploads'
  | 'start upload'
  | 'upload part'
  | 'complete upload'
  | 'abort upload';

const ACTIONS: Record<Kind, string> = {
  get: 's3:GetObject',
  head: 's3:GetObject',
  put: 's3:PutObject',
  delete: 's3:DeleteObject',
  list: 's3:ListBucket',
  'list uploads': 's3:ListBucketMultipartUploads',
  'start upload': 's3:PutObject',
  'upload part': 's3:PutObject',
  'complete upload': 's3:PutObject',
  'abort upload': 's3:AbortMultipartUpload',
};

/** @throws for what nobody of ours has asked so far */
export function kindOf({ method, path, query }: ProxiedRequest): Kind {
  const isOfObject = /^\/[^/]+\/./.test(path);
  // Which operation it is; what is left says how.
  const selectors = ['uploads', 'uploadId', 'partNumber', 'list-type'].filter((name) => query.has(name));
  const sent = `${method} ${isOfObject ? 'object' : 'bucket'} ${selectors.join(' ')}`.trim();
  const kinds: Record<string, Kind> = {
    'GET object': 'get',
    'HEAD object': 'head',
    'PUT object': 'put',
    'DELETE object': 'delete',
    'GET bucket list-type': 'list',
    'GET bucket uploads': 'list uploads',
    'POST object uploads': 'start upload',
    'PUT object uploadId partNumber': 'upload part',
    'POST object uploadId': 'complete upload',
    'DELETE object uploadId': 'abort upload',
  };
  const kind = kinds[sent];
  const known = [
    'x-id',
    'uploads',
    'uploadId',
    'partNumber',
    'list-type',
    'prefix',
    'start-after',
    'continuation-token',
  ];
  const others = [...query.keys()].filter((name) => !known.includes(name));
  if (!kind || others.length > 0) throw new Error(`No right is known for ${sent} ${others.join(' ')}`);
  return kind;
}

export function needs(request: ProxiedRequest): AccessRequest[] {
  const kind = kindOf(request);
  const unknown = Object.keys(request.headers).filter((name) =>
    /^x-amz-(acl|grant|copy|object-lock|website)/.test(name),
  );
  if (unknown.length > 0) throw new Error(`No right is known for ${unknown.join(', ')}`);
  const resource = `arn:aws:s3:::${decodeURIComponent(request.path).replace(/^\/|\/$/g, '')}`;
  const context = {
    's3:prefix': kind === 'list' ? (request.query.get('prefix') ?? '') : undefined,
    's3:if-none-match': header(request, 'if-none-match'),
    's3:ObjectCreationOperation': String(kind === 'put' || kind === 'complete upload'),
    // The SDK speaks TLS wherever no endpoint is set.
    'aws:SecureTransport': 'true',
  };
  const need = { action: ACTIONS[kind], resource, context };
  const isTagged = header(request, 'x-amz-tagging') !== undefined;
  return isTagged ? [need, { ...need, action: 's3:PutObjectTagging' }] : [need];
}

function header({ headers }: ProxiedRequest, name: string): string | undefined {
  return [headers[name]].flat()[0];
}

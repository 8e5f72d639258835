/** Some services give the same etag with quotes in one answer and without in another (Ceph, at the end of an upload). */
export function quotedEtag(etag = ''): string {
  return `"${bareEtag(etag)}"`;
}

export function bareEtag(etag: string): string {
  return etag.replaceAll('"', '');
}

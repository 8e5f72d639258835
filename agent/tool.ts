import packageJson from '../package.json' with { type: 'json' };

/** The name and version that manifests and run records carry. */
export const TOOL = { name: packageJson.name, version: packageJson.version };

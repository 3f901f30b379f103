import { BELT_VERSION } from '../folders.js';

/** The version of dbt whose artifacts belt's have the shape of. */
const DBT_VERSION = '1.10.0';

/** What stands at the head of every artifact. */
export function artifactMetadata(
  schema: 'manifest/v12' | 'run-results/v6' | 'sources/v3',
  invocationId: string,
): Record<string, unknown> {
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${schema}.json`,
    dbt_version: DBT_VERSION,
    generated_at: new Date().toISOString(),
    invocation_id: invocationId,
    invocation_started_at: null,
    env: { BELT_VERSION },
  };
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DEVICE_A, telemetryJson } from '../support/responses.js';
import { createWorkspace, ENGINES } from '../support/workspace.js';

const FOLDER = 'src/watch/grafana/provisioning';
const NUMBERS = [20, 21, 23, 700, 701, 1700];
const TIMESTAMPTZ = 1184;

/** A query of Grafana, and the role that is to be enough for it. */
interface Query {
  readonly title: string;
  readonly sql: string;
  readonly role: 'belt_reader' | 'belt_alerting';
  readonly isSeries: boolean;
}

interface Target {
  readonly rawSql?: string;
  readonly format?: string;
}

interface Dashboard {
  readonly title: string;
  readonly panels: readonly { readonly title: string; readonly targets: readonly Target[] }[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string }[];
  };
}

interface RuleGroups {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly title: string;
      readonly data: readonly { readonly model: Target }[];
    }[];
  }[];
}

function queryOf(title: string, { rawSql, format }: Target, role: Query['role']): Query[] {
  return rawSql === undefined
    ? []
    : [{ title, sql: rawSql, role, isSeries: format === 'time_series' }];
}

function dashboardQueries(): Query[] {
  const files = readdirSync(join(FOLDER, 'dashboards')).filter((name) => name.endsWith('.json'));
  return files.flatMap((name) => {
    const text = readFileSync(join(FOLDER, 'dashboards', name), 'utf8');
    const { title, panels, templating } = JSON.parse(text) as Dashboard;
    return [
      ...panels.flatMap((panel) =>
        panel.targets.flatMap((target) =>
          queryOf(`${title}, ${panel.title}`, target, 'belt_reader'),
        ),
      ),
      ...templating.list.flatMap((variable) =>
        queryOf(`${title}, $${variable.name}`, { rawSql: variable.query }, 'belt_reader'),
      ),
    ];
  });
}

function ruleQueries(): Query[] {
  const text = readFileSync(join(FOLDER, 'alerting', 'rules.yml'), 'utf8');
  const { groups } = parse(text) as RuleGroups;
  return groups
    .flatMap(({ rules }) => rules)
    .flatMap(({ title, data }) =>
      data.flatMap(({ model }) => queryOf(title, model, 'belt_alerting')),
    );
}

/** What Grafana makes of the macros and variables of a query. */
function expanded(sql: string): string {
  return sql
    .replace(/\$__timeFilter\((\w+)\)/g, "$1 between now() - interval '30 days' and now()")
    .replace(/\$\{device:sqlstring\}/g, `'${DEVICE_A}'`);
}

describe.each(ENGINES)('on the %s engine', (engine) => {
  test('each query of Grafana runs with the rights of its role, and gives what Grafana takes', async () => {
    const workspace = await createWorkspace(engine);
    const at = Date.now() - 60_000;
    workspace.write(
      `source/telemetry/${DEVICE_A}.json`,
      telemetryJson({ StateOfChargePercentage: [[at, 15]], BatteryPowerW: [[at, 100]] }),
    );
    await workspace.beltOk('land', '--source', 'source');
    await workspace.beltOk('transform');
    const client = new pg.Client({ connectionString: workspace.url });
    await client.connect();
    const rules = ruleQueries();
    const dashboards = dashboardQueries();
    expect([rules.length, dashboards.length > 10]).toEqual([2, true]);
    try {
      for (const { title, sql, role, isSeries } of [...rules, ...dashboards]) {
        await client.query(`begin read only; set local role ${role}`);
        const { fields, rows } = await client.query(expanded(sql));
        await client.query('rollback');
        const types = fields.map(({ dataTypeID }) => dataTypeID);
        if (isSeries) {
          expect(fields[0], title).toMatchObject({ name: 'time', dataTypeID: TIMESTAMPTZ });
          expect(
            types.some((type) => NUMBERS.includes(type)),
            title,
          ).toBe(true);
        }
        if (rules.some((rule) => rule.title === title)) expect(rows, title).toHaveLength(1);
      }
    } finally {
      await client.end();
    }
  });
});

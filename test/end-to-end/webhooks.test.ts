import { rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { copyModels, writeProject } from '../support/project.js';
import { DEVICE_A, T0, writeResponses } from '../support/responses.js';
import { putResponse, startWatch, type Watch } from '../support/watch.js';
import { createWorkspace, ENGINES, type Workspace } from '../support/workspace.js';

/** Kills of `belt watch`: more of them by KILLS, when something of it was changed. */
const KILLS = Number(process.env.KILLS ?? 3);

interface Received {
  readonly id: string;
  readonly key: string | undefined;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** What takes webhooks: `answer` says how it answers each. */
interface Hook {
  readonly url: string;
  readonly received: readonly Received[];
  answer: (response: ServerResponse) => void;
  /** Resolves when so many requests, or what else is asked for, have been received. */
  until(isReached: (received: readonly Received[]) => boolean): Promise<void>;
}

const OK = (response: ServerResponse) => void response.writeHead(204).end();

async function startHook(): Promise<Hook> {
  const received: Received[] = [];
  let tell = () => {};
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    const key = request.headers['idempotency-key'] as string | undefined;
    received.push({ id: String(body.id), key, path: request.url ?? '', body });
    hook.answer(response);
    tell();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  const hook: Hook = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer: OK,
    until: async (isReached) => {
      while (!isReached(received)) {
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
    },
  };
  return hook;
}

async function execute(watching: Watch, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: watching.url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

const EVENTS = `create table public.own_event (name text primary key, starts_at timestamptz not null default now(),
  ends_at timestamptz, withdrawn_at timestamptz, is_muted boolean not null default false,
  changed_at timestamptz not null default now())`;

/** A project whose alerts are the rows of a table. */
function writeAlertProject(workspace: Workspace): string {
  return writeProject(workspace, {
    'models/told.sql': `select md5(name)::uuid as event_id, starts_at, ends_at, withdrawn_at, is_muted, changed_at,
        jsonb_build_object('alertname', name, 'severity', 'critical') as labels,
        jsonb_build_object('summary', 'It is <' || name || '>') as annotations
      from {{ source('own', 'own_event') }}`,
    'models/told.yml': `
sources: [{name: own, schema: public, tables: [{name: own_event}]}]
models: [{name: told, config: {meta: {notify: true}}}]`,
  });
}

describe.each(ENGINES)('webhooks on the %s engine', (engine) => {
  test('are sent what changes of alerts, in order, and nothing twice', async () => {
    const workspace = await createWorkspace(engine, { direct: true });
    await workspace.execute(EVENTS);
    await workspace.execute(`insert into public.own_event (name, ends_at)
      values ('ended before', now()), ('open before', null)`);
    writeResponses(workspace, 'source', { assets: [] });
    const hook = await startHook();
    const secret = `${hook.url}/hook?token=s3cret`;
    const start = () =>
      startWatch(
        workspace,
        ...[
          '--source',
          'source',
          '--every',
          '200ms',
          '--project-dir',
          writeAlertProject(workspace),
        ],
        ...['--webhook', secret, `slack=${hook.url}/slack`, `alertmanager=${hook.url}/am`],
      );
    const told = (path: string) => hook.received.filter((one) => one.path.startsWith(path));
    const states = () =>
      told('/hook').map(
        ({ body }) => `${(body.labels as { alertname: string }).alertname} ${body.state}`,
      );
    const reached = (count: number) => () =>
      ['/hook', '/slack', '/am'].every((path) => told(path).length >= count);
    let watching = await start();
    await hook.until(reached(1));

    // a receiver that fails keeps what follows waiting, and is told of with no secret
    hook.answer = (response) => void response.writeHead(503).end();
    await execute(
      watching,
      "insert into public.own_event (name, is_muted) values ('a', false), ('quiet', true)",
    );
    const fault = await watching.next('fault', ({ step }) =>
      String(step).startsWith('webhook json'),
    );
    expect(fault.message).toContain('503');
    expect(await watching.get('/healthz')).toMatchObject({ status: 503 });
    await execute(watching, "update public.own_event set ends_at = now() where name = 'a'");
    const failed = hook.received.length;
    hook.answer = OK;
    await watching.next('fault_over', ({ step }) => String(step).startsWith('webhook json'));
    await hook.until(() => ['a firing', 'a resolved'].every((state) => states().includes(state)));
    expect(failed).toBeGreaterThan(3);
    expect(await watching.stop('SIGTERM')).toBe(0);

    const before = hook.received.length;
    watching = await start();
    await execute(watching, "insert into public.own_event (name, ends_at) values ('short', now())");
    await execute(
      watching,
      "update public.own_event set withdrawn_at = now() where name = 'open before'",
    );
    await hook.until(
      () => states().includes('open before withdrawn') && states().includes('short resolved'),
    );
    expect(await watching.stop('SIGTERM')).toBe(0);
    const after = hook.received.slice(before).filter(({ path }) => path.startsWith('/hook'));
    expect(after.map(({ body }) => body.state).sort()).toEqual(['resolved', 'withdrawn']);

    const distinct = [...new Set(states())];
    expect(distinct.slice(0, 1)).toEqual(['open before firing']);
    expect(distinct.filter((state) => state.startsWith('a '))).toEqual(['a firing', 'a resolved']);
    expect(distinct).not.toContain('ended before resolved');
    expect(distinct).not.toContain('quiet firing');
    for (const { id, key } of told('/hook')) expect(key).toBe(id);
    expect(told('/slack')[0]?.body.text).toMatch(
      /^:red_circle: firing critical open before: It is &lt;open before&gt; \(since /,
    );
    expect(told('/am')[0]).toMatchObject({
      path: '/am/api/v2/alerts',
      body: [{ labels: { alertname: 'open before', severity: 'critical' } }],
    });
    const [first] = (told('/am')[0]?.body ?? []) as unknown as { endsAt: string }[];
    expect(Date.parse(first?.endsAt ?? '')).toBeGreaterThan(Date.now() + 365 * 86_400_000);
    const log = JSON.stringify(watching.events);
    expect(log).not.toContain('s3cret');
    const names = await workspace.query('select receiver from belt.alert_receiver');
    expect(JSON.stringify(names)).not.toContain('s3cret');
  });
});

test(
  `no alert is lost by ${KILLS} kills of belt watch, and a repetition is told by its id`,
  async () => {
    const engine = ENGINES.at(-1) ?? 'embedded';
    const workspace = await createWorkspace(engine, { direct: true });
    const project = copyModels(workspace);
    // each reading below 20 % is an alert of its own, in the place of belt's
    for (const file of ['alert_notice.sql', 'notices.yml'])
      rmSync(`${project}/models/alerting/${file}`);
    workspace.write(
      'project/models/told.sql',
      `select md5(device_id || ' ' || ts)::uuid as event_id, ts as starts_at, ts as ends_at,
        null::timestamptz as withdrawn_at, false as is_muted, now() as changed_at,
        jsonb_build_object('reading', extract(epoch from ts)::text) as labels, '{}'::jsonb as annotations
      from {{ ref('battery_telemetry') }} where state_of_charge_percent < 20`,
    );
    workspace.write(
      'project/models/told.yml',
      'models: [{name: told, config: {meta: {notify: true}}}]',
    );
    const source = writeResponses(workspace, 'source', { telemetry: { [DEVICE_A]: {} } });
    const hook = await startHook();
    const start = () =>
      startWatch(
        workspace,
        ...['--source', 'source', '--every', '1s', '--project-dir', project, '--webhook', hook.url],
      );
    let readings = 0;
    const put = () => {
      const at = T0 + ++readings * 60_000;
      return putResponse(source, DEVICE_A, {
        StateOfChargePercentage: [[at, 10 + (readings % 10)]],
      });
    };
    // the first look at all takes what is there for known
    const first = await start();
    await first.next('transformed');
    await put();
    await hook.until((received) => received.length > 0);
    await first.stop('SIGTERM');

    for (let kill = 0; kill < KILLS; kill++) {
      const watching = await start();
      let isKilled = false;
      const killed = new Promise<void>((resolve) => {
        setTimeout(
          async () => {
            isKilled = true;
            await watching.stop('SIGKILL');
            resolve();
          },
          ((kill * 0.618) % 1) * 2000,
        );
      });
      while (!isKilled) {
        await put();
        await watching.next('landed').catch(() => undefined);
      }
      await killed;
    }
    const last = await start();
    await put();
    const expected = async () => {
      const [row] = await last.query<{ events: number }>(
        'select count(*)::int as events from told',
      );
      return row?.events ?? 0;
    };
    await last.next('landed');
    await last.next('transformed');
    const events = await expected();
    const eventsOf = (received: readonly Received[]) =>
      new Set(received.map(({ body }) => body.event));
    await hook.until((received) => eventsOf(received).size >= events);
    await last.stop('SIGTERM');

    const ids = new Map<unknown, Set<string>>();
    for (const { id, body } of hook.received) {
      ids.set(body.event, (ids.get(body.event) ?? new Set()).add(id));
    }
    expect(ids.size).toBe(events);
    expect([...ids.values()].filter((one) => one.size > 1)).toEqual([]);
    const [kept] = await workspace.query<{ landed: number; pending: number }>(
      `select (select count(*)::int from raw.telemetry_response where readings > 0) as landed,
      (select count(*)::int from belt.alert_delivery where sent_at is null) as pending`,
    );
    expect(kept).toEqual({ landed: events, pending: 0 });
  },
  60_000 + KILLS * 30_000,
);

import { createHash } from 'node:crypto';
import { UsageError } from '../../errors.js';
import type { Notice } from './notices.js';

export const RECEIVER_KINDS = ['json', 'slack', 'alertmanager'] as const;
type ReceiverKind = (typeof RECEIVER_KINDS)[number];

/** A webhook that alerts are sent to. */
export interface Receiver {
  /** What it is called: not by its URL, which may hold a secret. */
  readonly name: string;
  readonly kind: ReceiverKind;
  readonly url: string;
  /** Of the user and password in the URL. */
  readonly authorization: string | undefined;
}

/** A request of a receiver. */
export interface Delivery {
  readonly id: string;
  readonly notice: Notice;
}

/** Reads `[KIND=]URL`, where the URL may be `$NAME`, a variable of the environment. */
export function parseReceiver(text: string, env: NodeJS.ProcessEnv): Receiver {
  const [, kindName, given = ''] = /^(?:([a-z]+)=)?(.*)$/s.exec(text) ?? [];
  const kind = RECEIVER_KINDS.find((known) => known === (kindName ?? 'json'));
  if (kind === undefined) {
    throw new UsageError(`--webhook ${kindName}=… is of no known kind.`, {
      hint: `Kinds are ${RECEIVER_KINDS.join(', ')}.`,
    });
  }
  const variable = /^\$\{?(\w+)\}?$/.exec(given)?.[1];
  const found = variable === undefined ? given : env[variable];
  if (found === undefined || found === '') {
    throw new UsageError(`--webhook names the variable ${variable ?? ''}, which is not set.`, {
      hint: `Set it to the URL: export ${variable}=https://…`,
    });
  }
  if (!URL.canParse(found) || !/^https?:/.test(found)) {
    // the URL itself is not told: it may hold a secret
    throw new UsageError(
      `--webhook ${variable === undefined ? '' : `$${variable} `}is no http or https URL.`,
      { hint: "Write it as --webhook 'slack=$SLACK_URL', or --webhook https://host/path." },
    );
  }
  const url = new URL(found);
  const digest = createHash('sha256').update(found).digest('hex').slice(0, 8);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (kind === 'alertmanager' && !url.pathname.endsWith('/api/v2/alerts')) {
    url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v2/alerts`;
  }
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    name: `${kind} ${url.host} ${digest}`,
    kind,
    url: url.toString(),
    authorization:
      credentials === ':' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}

/** The JSON that a receiver is sent. */
export function bodyOf(kind: ReceiverKind, { id, notice }: Delivery): unknown {
  switch (kind) {
    case 'json':
      return { id, ...notice };
    case 'slack':
      return { text: slackText(notice) };
    case 'alertmanager':
      return [
        {
          labels: notice.labels,
          annotations: texts({ ...notice.annotations, belt_delivery: id }),
          startsAt: notice.startsAt,
          endsAt: endOf(notice),
        },
      ];
  }
}

/** Without an end Alertmanager would take an alert for resolved after five minutes. */
const LONG_MS = 10 * 365 * 86_400_000;

function endOf({ state, startsAt, endsAt }: Notice): string {
  if (state === 'firing') return new Date(Date.parse(startsAt) + LONG_MS).toISOString();
  return endsAt ?? new Date().toISOString();
}

const SIGNS: Readonly<Record<Notice['state'], string>> = {
  firing: ':red_circle:',
  resolved: ':large_green_circle:',
  withdrawn: ':white_circle:',
};

function slackText({ state, labels, annotations, startsAt, endsAt }: Notice): string {
  const { severity = '', alertname = 'alert' } = labels;
  const summary = annotations.summary ?? Object.values(labels).join(', ');
  const span = endsAt === null ? `since ${startsAt}` : `${startsAt} to ${endsAt}`;
  return `${SIGNS[state]} ${state} ${severity} ${alertname}: ${summary} (${span})`.replace(
    /[<>&]/g,
    (sign) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[sign] ?? sign,
  );
}

/** Alertmanager takes texts only. */
function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const told = Object.entries(values).filter(([, value]) => value !== null);
  return Object.fromEntries(told.map(([name, value]) => [name, String(value)]));
}

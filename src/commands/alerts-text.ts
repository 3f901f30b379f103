import type { MuteSummary } from '../alerts/mute-alerts.js';
import type { AlertEvent, OpenAlert } from '../alerts/read-alerts.js';
import { countText, oneLine, textTable } from '../format.js';

/** The alerts that are open, as a person reads them. */
export function openAlertsText(alerts: readonly OpenAlert[]): string {
  if (alerts.length === 0) return 'No alert is open.';
  const known = alerts.filter(({ acknowledgedUntil }) => acknowledgedUntil !== null).length;
  const rows = alerts.map((alert) => [
    alert.severity,
    alert.rule,
    siteOf(alert),
    alert.deviceUuid,
    alert.metric ?? '',
    numberText(alert.value),
    numberText(alert.threshold),
    timeText(alert.since),
    timeText(alert.readAt),
    timeText(alert.acknowledgedUntil),
  ]);
  const names = 'severity,rule,site,device,metric,value,threshold,since,read at,known until';
  return `${textTable(names.split(','), rows)}\n${countText(alerts.length, 'open alert')}${known > 0 ? `, ${known} of them known` : ''}`;
}

/** Alerts of the past and now, as a person reads them. */
export function alertEventsText(events: readonly AlertEvent[]): string {
  if (events.length === 0) return 'There was no alert.';
  const rows = events.map((event) => [
    timeText(event.openedAt),
    event.closedAt === null ? 'open' : timeText(event.closedAt),
    event.severity,
    event.rule,
    siteOf(event),
    event.deviceUuid,
    event.metric ?? '',
    numberText(event.value),
    numberText(event.extreme),
    numberText(event.threshold),
    event.revision ?? '',
  ]);
  const names = 'opened,closed,severity,rule,site,device,metric,value,extreme,threshold,late data';
  return `${textTable(names.split(','), rows)}\n${countText(events.length, 'alert')}`;
}

export function muteText({ rule, devices, until }: MuteSummary): string {
  const what = rule === '*' ? 'All alerts' : `Alerts of ${rule}`;
  const of = countText(devices.length, 'device');
  return until === undefined
    ? `${what} of ${of} are no longer known of.`
    : `${what} of ${of} are known of until ${until.toISOString()}.`;
}

function siteOf({ site }: { readonly site: string | null }): string {
  return site === null ? '(not listed)' : oneLine(site);
}

function numberText(value: number | null): string {
  return value === null ? '' : String(value);
}

function timeText(time: Date | null): string {
  return time?.toISOString().replace(/\.000Z$/, 'Z') ?? '';
}

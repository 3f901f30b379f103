create table belt.alert_mute (
  device_id integer not null,
  rule text not null,
  muted_until timestamptz not null,
  muted_at timestamptz not null default now(),
  muted_by text not null default current_user,
  primary key (device_id, rule)
);
comment on table belt.alert_mute is 'Alerts that somebody knows of; battery_alert tells until when.';
comment on column belt.alert_mute.device_id is 'As in device.';
comment on column belt.alert_mute.rule is 'A rule of alert_rule.csv, or * for all of them.';
comment on column belt.alert_mute.muted_until is 'Until when somebody knows of it.';
comment on column belt.alert_mute.muted_at is 'When that was said.';
comment on column belt.alert_mute.muted_by is 'The database user who said so.';

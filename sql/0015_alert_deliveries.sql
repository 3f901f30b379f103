create table belt.alert_notice (
  event_id uuid primary key,
  state text not null check (state in ('firing', 'resolved', 'withdrawn')),
  starts_at timestamptz not null,
  ends_at timestamptz,
  labels jsonb not null,
  noticed_at timestamptz not null default clock_timestamp()
);
comment on table belt.alert_notice is 'What belt watch has last noticed of each alert: what differs from it is told to the receivers.';
comment on column belt.alert_notice.event_id is 'As the model that tells of alerts has it.';
comment on column belt.alert_notice.state is 'firing, resolved, or withdrawn: late data took it back.';
comment on column belt.alert_notice.starts_at is 'When it opened (UTC).';
comment on column belt.alert_notice.ends_at is 'When it closed (UTC); null while it is open.';
comment on column belt.alert_notice.labels is 'What tells it from others, as it was first told: a receiver knows it again by them.';
comment on column belt.alert_notice.noticed_at is 'When this state was noticed (UTC).';
create index alert_notice_firing on belt.alert_notice (event_id) where state = 'firing';

create table belt.alert_receiver (
  receiver text primary key,
  added_at timestamptz not null default clock_timestamp()
);
comment on table belt.alert_receiver is 'Webhooks that belt watch has sent alerts to; a new one is told first of what is firing.';
comment on column belt.alert_receiver.receiver is 'Its kind, its host and a digest of its URL, which may hold a secret.';
comment on column belt.alert_receiver.added_at is 'When it was first named (UTC).';

create table belt.alert_delivery (
  delivery_no bigint generated always as identity primary key,
  delivery_id uuid not null unique default gen_random_uuid(),
  receiver text not null,
  event_id uuid not null,
  notice jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  attempts integer not null default 0,
  sent_at timestamptz,
  refused_at timestamptz,
  last_error text
);
comment on table belt.alert_delivery is 'What is sent to whom, in this order; kept for 30 days after it was.';
comment on column belt.alert_delivery.delivery_no is 'The order in which a receiver is sent them.';
comment on column belt.alert_delivery.delivery_id is 'Sent with it: a receiver that has it already has been sent it twice.';
comment on column belt.alert_delivery.receiver is 'As in belt.alert_receiver.';
comment on column belt.alert_delivery.event_id is 'As in belt.alert_notice.';
comment on column belt.alert_delivery.notice is 'What is told of the alert.';
comment on column belt.alert_delivery.created_at is 'When it was noticed (UTC).';
comment on column belt.alert_delivery.attempts is 'How often it was tried to send it.';
comment on column belt.alert_delivery.sent_at is 'When the receiver took it (UTC).';
comment on column belt.alert_delivery.refused_at is 'When the receiver said that it is wrong, so that it is not sent again (UTC).';
comment on column belt.alert_delivery.last_error is 'Why the last attempt failed.';
create index alert_delivery_pending on belt.alert_delivery (receiver, delivery_no)
  where sent_at is null and refused_at is null;
create index alert_delivery_done on belt.alert_delivery (sent_at) where sent_at is not null;

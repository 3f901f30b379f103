-- Run when the database is made, before belt: its migrations leave roles that are there as they are.
create role belt_reader nologin;
create role belt_alerting nologin;
\getenv password GRAFANA_DB_PASSWORD
create role grafana login password :'password' in role belt_reader, belt_alerting;

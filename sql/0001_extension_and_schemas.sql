create extension if not exists timescaledb;

create schema raw;
comment on schema raw is 'Responses of the vendor''s API, kept untouched as jsonb. Written by belt land only.';

create schema if not exists belt;
comment on schema belt is 'What belt knows of its own work: migrations, runs, and which batch each model has processed.';

-- What source('raw', …) means in models: responses of batches that are landed, and none that are on
-- their way, or left by a landing that was killed.
create view raw.landed_asset_response as
  select * from raw.asset_response
  where batch_id in (select batch_id from raw.batch where status = 'landed');
comment on view raw.landed_asset_response is 'The rows of raw.asset_response that count: those of batches that are landed.';

create view raw.landed_telemetry_response as
  select * from raw.telemetry_response
  where batch_id in (select batch_id from raw.batch where status = 'landed');
comment on view raw.landed_telemetry_response is 'The rows of raw.telemetry_response that count: those of batches that are landed.';

-- Each landing looks for what one before it left behind: that takes no longer as batches add up.
create index batch_landing on raw.batch (batch_id) where status = 'landing';

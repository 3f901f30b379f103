-- Of rows that go straight into the columnstore, whose key nothing else checks.
create function belt.refuse_second_row(variadic key text[]) returns boolean language plpgsql as $$
begin
  raise exception 'The model selects two rows with the key (%).', array_to_string(key, ', ', 'null')
    using errcode = 'cardinality_violation', hint = 'Let it select one: rows of a response that is landed later are to win.';
end $$;
comment on function belt.refuse_second_row is 'Fails: a model has selected two rows with the same unique_key.';

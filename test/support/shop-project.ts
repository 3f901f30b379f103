/** A small dbt project for PostgreSQL as people write it: seeds, staging, marts, macros, tests. */
export const SHOP: Readonly<Record<string, string>> = {
  'dbt_project.yml': `
name: shop
version: '1.0'
config-version: 2
profile: shop
model-paths: ["models"]
seed-paths: ["seeds"]
test-paths: ["tests"]
snapshot-paths: ["snapshots"]
macro-paths: ["macros"]
vars:
  cents: 100
on-run-start: "create table if not exists run_log (what text, at timestamptz default now())"
on-run-end: "insert into run_log (what) values ('{{ results | length }} results')"
models:
  shop:
    +persist_docs: {relation: true, columns: true}
    staging:
      +materialized: view
      +tags: staging
    marts:
      +materialized: table
`,
  'seeds/raw_customers.csv': 'id,first_name,last_name\n1,Michael,P.\n2,Shawn,M.\n3,Kathleen,P.\n',
  'seeds/raw_orders.csv':
    'id,user_id,order_date,status\n1,1,2018-01-01,returned\n2,3,2018-01-02,completed\n3,1,2018-01-04,completed\n',
  'seeds/raw_payments.csv':
    'id,order_id,payment_method,amount\n1,1,credit_card,1000\n2,2,coupon,2000\n3,3,gift_card,100\n4,3,coupon,2500\n',
  'models/staging/stg_customers.sql': `with source as (
    {#- a comment -#}
    select * from {{ ref('raw_customers') }}
)
select id as customer_id, first_name, last_name from source`,
  'models/staging/stg_orders.sql':
    "select id as order_id, user_id as customer_id, order_date, status from {{ ref('raw_orders') }}",
  'models/staging/stg_payments.sql':
    "select id as payment_id, order_id, payment_method, {{ cents_to_dollars('amount') }} as amount from {{ ref('raw_payments') }}",
  'models/staging/schema.yml': `
version: 2
models:
  - name: stg_customers
    columns:
      - name: customer_id
        data_tests: [unique, not_null]
  - name: stg_orders
    columns:
      - name: order_id
        tests: [unique, not_null]
      - name: status
        tests:
          - accepted_values:
              values: ['completed', 'returned']
  - name: stg_payments
    columns:
      - name: payment_method
        tests:
          - accepted_values: {arguments: {values: ['credit_card', 'coupon', 'gift_card']}}
`,
  'models/marts/orders.sql': `{% set payment_methods = ['credit_card', 'coupon', 'gift_card'] %}
with order_payments as (
    select
        order_id,
        {% for payment_method in payment_methods -%}
        sum(case when payment_method = '{{ payment_method }}' then amount else 0 end) as {{ payment_method }}_amount,
        {% endfor -%}
        sum(amount) as total_amount
    from {{ ref('stg_payments') }}
    group by order_id
)
select
    orders.order_id,
    orders.customer_id,
    orders.status,
    {% for payment_method in payment_methods -%}
    order_payments.{{ payment_method }}_amount,
    {% endfor -%}
    order_payments.total_amount as amount
from {{ ref('stg_orders') }} as orders
left join order_payments using (order_id)`,
  'models/marts/customers.sql': `
select customer_id, first_name, count(order_id) as number_of_orders, sum(amount) as customer_lifetime_value
from {{ ref('stg_customers') }} as customers
left join {{ ref('orders') }} as orders using (customer_id)
group by customer_id, first_name`,
  'models/marts/schema.yml': `
version: 2
models:
  - name: customers
    description: '{{ doc("customers") }}'
    columns:
      - name: customer_id
        description: The key of a customer.
        tests: [unique, not_null]
  - name: orders
    columns:
      - name: customer_id
        tests:
          - not_null
          - relationships:
              to: ref('customers')
              field: customer_id
      - name: amount
        tests:
          - is_positive:
              severity: warn
unit_tests:
  - name: lifetime_value_is_summed
    model: customers
    given:
      - input: ref('stg_customers')
        rows:
          - {customer_id: 1, first_name: Ann}
          - {customer_id: 2, first_name: Bob}
      - input: ref('orders')
        format: csv
        rows: |
          order_id,customer_id,amount
          1,1,10
          2,1,5.5
    expect:
      rows:
        - {customer_id: 1, number_of_orders: 2, customer_lifetime_value: 15.5}
        - {customer_id: 2, number_of_orders: 0, customer_lifetime_value: null}
`,
  'models/docs.md': '{% docs customers %}\nOne row a customer.\n{% enddocs %}\n',
  'macros/cents_to_dollars.sql':
    "{% macro cents_to_dollars(column) %}({{ column }} / {{ var('cents') }}.0)::numeric(16, 2){% endmacro %}\n",
  'tests/generic/is_positive.sql': `{% test is_positive(model, column_name) %}
select * from {{ model }} where {{ column_name }} <= 0
{% endtest %}`,
  'tests/amounts_add_up.sql': `
select order_id from {{ ref('orders') }}
where amount <> credit_card_amount + coupon_amount + gift_card_amount`,
  'snapshots/orders_snapshot.sql': `{% snapshot orders_snapshot %}
{{ config(strategy='check', unique_key='order_id', check_cols=['status'], target_schema='history') }}
select order_id, status from {{ ref('stg_orders') }}
{% endsnapshot %}`,
};

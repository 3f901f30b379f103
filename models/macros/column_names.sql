{#- The names of the columns that a relation has in the database now; none where it is not built. -#}
{% macro column_names(relation) %}
    {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list) }}
{% endmacro %}

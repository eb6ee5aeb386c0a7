//! Pairs of text and hash that clients already know.

/// Texts without parameters.
pub const PAIRS: [(&str, &str); 13] = [
    ("select 1 as one", "c76f782428bd11b1c0b745d5137d5623"),
    ("select * from orders order by id", "98b09fa2e538a1731b113f81937709ff"),
    ("select 2 as two", "eec7df3730ad83860bfab2f01f8a7022"),
    ("select 42 as answer", "26d4d441a11619bc2e9f9df83fa4a474"),
    (
        "select 7 as n, 'hello' as t, '2021-02-03' as d, '2021-02-03 04:05' as dt, '2021-02-03 04:05:06' as dts, '2021-01-01' as drs, '2021-01-31' as dre, '2021-01-01 00:00' as dtrs, '2021-01-31 00:00' as dtre, 'green' as e, array_to_string(array['red','blue'], '|') as em, 'zz9' as tp",
        "84595b4d3ca73061140daf704588e905",
    ),
    (
        r#"select 1::int2 as i2, 2::int4 as i4, 9007199254740993::int8 as i8, 1.5::float4 as f4, 0.1::float8 as f8, 1.10::numeric as num, 100::numeric as num_int, 12345678901234567890.123456789::numeric as num_big,
 true as b_t, false as b_f, null::bool as b_n, 'text' as txt, 'v'::varchar as vc, 'c'::char(3) as ch, null::text as n,
 date '2020-02-03' as d, timestamp '2020-02-03 04:05:06.789123' as ts, timestamp '2020-02-03 04:05:06' as ts0, timestamptz '2020-02-03 04:05:06.5+02' as tstz, time '04:05:06.7' as tm, interval '1 day 2 hours' as iv, interval '90 minutes' as iv2,
 '{"a": [1, null]}'::jsonb as jb, '{"b":2}'::json as js, array[1,2] as ia, array['x','y'] as ta, '\xdeadbeef'::bytea as by, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as uu, int4range(1,5) as rng, '10.0.0.1'::inet as ip,
 'NaN'::float8 as nan, 'Infinity'::float8 as inf, '12.34'::money as mon, 'a,b "q"' || chr(10) || 'line2; ünïcödé 漢字 🎉' as quoting, ' lead' as lead, '=1+1' as formula, 1 as dup, 2 as dup, 3 as "Weird Name, x""#,
        "36c6d039f6b71ba801ef8903e59ef6ee",
    ),
    ("select * from t", "10d1a5cf65605c4321e0e539d2dbc28e"),
    ("select * from query_2 where id < 3", "91c8fc09466ac23199d7f8060df13414"),
    ("select count(*) c from cached_query_2", "290d2341f50165a7eae82f3052e03b9c"),
    (
        r#"select 1::int2 as i2, 2::int4 as i4, 9007199254740993::int8 as i8, 1.5::float4 as f4, 0.1::float8 as f8, 1.10::numeric as num, 100::numeric as num_int, 12345678901234567890.123456789::numeric as num_big,
 true as b_t, false as b_f, null::bool as b_n, 'text' as txt, 'v'::varchar as vc, 'c'::char(3) as ch, null::text as n,
 date '2020-02-03' as d, timestamp '2020-02-03 04:05:06.789123' as ts, timestamp '2020-02-03 04:05:06' as ts0, timestamptz '2020-02-03 04:05:06.5+02' as tstz, time '04:05:06.7' as tm, interval '1 day 2 hours' as iv, interval '90 minutes' as iv2,
 '{"a": [1, null]}'::jsonb as jb, '{"b":2}'::json as js, array[1,2] as ia, array['x','y'] as ta, '\xdeadbeef'::bytea as by, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as uu, int4range(1,5) as rng, '10.0.0.1'::inet as ip,
 'NaN'::float8 as nan, 'Infinity'::float8 as inf, '12.34'::money as mon, 'a,b "q"' || chr(10) || 'line2; ünïcödé 漢字 🎉' as quoting, ' lead' as lead, '=1+1' as formula, 1 as dup, 2 as dup, 3 as "Weird Name, x" "#,
        "36c6d039f6b71ba801ef8903e59ef6ee",
    ),
    ("select id as value, name from customers order by id", "badf0967b3015a56fb5bac67da59cb7e"),
    ("select 1 as one, 2 as two", "1290e9eebb4252bb9692edc04d1062fc"),
    ("select 1 as x", "87389553586296db1081b8c657f7771e"),
];

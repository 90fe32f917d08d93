"""Writes every.parquet, a column of every type that hub datasets use, in row groups of two. Needs pyarrow."""

import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({
    "question": pa.array(["a", "日本", None]),
    "n": pa.array([1, 2**53 + 1, None], pa.int64()),
    "small": pa.array([1, 255, None], pa.uint8()),
    "half": pa.array([1.5, None, 2.0], pa.float32()),
    "yes": pa.array([True, False, None]),
    "conversations": pa.array([[{"from": "human", "value": "hi"}, {"from": "gpt", "value": None}], [], None]),
    "image": pa.array([{"bytes": b"\x89PNG", "path": "x.png"}, None, {"bytes": None, "path": None}]),
    "tags": pa.array([["x", "y"], [None], None]),
    "nested": pa.array([[[1, 2], [3]], [[]], None]),
    "map": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int32())),
    "large": pa.array(["big", None, "x"], pa.large_string()),
    "dict": pa.array(["u", "v", "u"]).dictionary_encode(),
    "at": pa.array([datetime.datetime(2020, 1, 2, 3, 4, 5), None, None], pa.timestamp("ms")),
    "price": pa.array([decimal.Decimal("1.25"), None, None], pa.decimal128(10, 2)),
    "raw": pa.array([b"\x00\xff", None, b""], pa.binary()),
})
pq.write_table(table, pathlib.Path(__file__).with_name("every.parquet"), row_group_size=2, compression="zstd")

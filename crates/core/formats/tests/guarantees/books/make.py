"""Writes kinds.xls with xlwt 1.3.0 (https://pypi.org/project/xlwt/): `python make.py` in this folder."""
import datetime

import xlwt

book = xlwt.Workbook()
first = book.add_sheet("First")
day = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
span = xlwt.easyxf(num_format_str="[h]:mm:ss")
for column, name in enumerate(["id", "price", "when", "took", "open", "note", "sum"]):
    first.write(0, column, name)
rows = [
    (1, 10.5, datetime.datetime(2024, 2, 29, 10, 30), 1.5, True, "it's", "A2+1"),
    (2, 0.07, datetime.datetime(1999, 12, 31), 0.25, False, "多言語 😀", "A3+1"),
    (None, None, None, None, None, None, None),
    (1234567890, -3.25, None, None, None, "é" * 5000, "A5+1"),
    (-4, 1e100, None, None, None, "多" * 5000, "A6+1"),
]
for row, values in enumerate(rows, 1):
    for column, value in enumerate(values):
        if value is None:
            continue
        if column == 6:
            first.write(row, column, xlwt.Formula(value))
        elif column in (2, 3):
            first.write(row, column, value, day if column == 2 else span)
        else:
            first.write(row, column, value)
second = book.add_sheet("Zweites ß")
for column in range(4):
    second.write(2, column, "abcd"[column])
    second.write(3, column, column)
book.save("kinds.xls")

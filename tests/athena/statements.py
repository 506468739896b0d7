"""The statements under packaging/athena, and their translation for DuckDB."""

import re
from pathlib import Path

import sqlglot
from sqlglot import exp

PLACE = Path(__file__).resolve().parents[2] / "packaging/athena"

# "Reserved keywords for SELECT statements", Amazon Athena User Guide.
RESERVED = set(
    """alter and as between by case cast constraint create cross cube current_catalog current_date current_path current_role
    current_schema current_time current_timestamp current_user deallocate delete describe distinct drop else end escape except
    execute exists extract false for from full group grouping having in inner insert intersect into is join json_array
    json_exists json_object json_query json_table json_value left like listagg localtime localtimestamp natural normalize not
    null on or order outer prepare recursive right rollup select skip table then trim true uescape union unnest using values
    when where with first last""".split()
)


def views():
    return sorted((PLACE / "views").glob("*.sql"))


def questions():
    return sorted((PLACE / "questions").glob("*.sql"))


def table(**values):
    text = (PLACE / "table.sql").read_text()
    for name, value in values.items():
        text = re.sub(rf"\b{name}\b", value, text)
    return text


def properties(text):
    """The table's properties, and its partition columns."""
    tree = sqlglot.parse_one(text, read="athena")
    found = {p.name: p.args["value"].name for p in tree.find_all(exp.Property) if isinstance(p.args.get("value"), exp.Literal)}
    partitions = [column.name for column in tree.find(exp.PartitionedByProperty).find_all(exp.ColumnDef)]
    location = tree.find(exp.LocationProperty).this.name
    return found, partitions, location


def reserved(text):
    """Names that stand unquoted and are reserved."""
    tree = sqlglot.parse_one(text, read="trino")
    return {i.name.lower() for i in tree.find_all(exp.Identifier) if not i.quoted} & RESERVED


def hive_types(connection, view):
    """Types of a view's columns that Hive's catalogue has no word for."""
    columns = connection.execute(f"DESCRIBE {view}").fetchall()
    return [(name, kind) for name, kind, *_ in columns if kind in ("JSON", "TIMESTAMP WITH TIME ZONE", "HUGEINT", "BLOB")]


def translated(text):
    """Trino's SQL as DuckDB's. Beyond sqlglot's own translation: Trino's date_diff counts whole units that have passed ("Date and time
    functions", Trino documentation), which is DuckDB's date_sub; its date_diff counts boundaries ("Date functions", DuckDB documentation)."""
    tree = sqlglot.parse_one(text, read="trino")

    def exact(node):
        if isinstance(node, exp.DateDiff):
            unit = exp.Literal.string(node.args["unit"].name.lower())
            return exp.Anonymous(this="date_sub", expressions=[unit, node.expression, node.this])
        return node

    return tree.transform(exact).sql(dialect="duckdb")

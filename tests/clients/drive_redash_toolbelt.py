"""Drives the published package redash-toolbelt, unchanged, through the flows that its users run.

    redash_toolbelt.py URL USER_KEY SOURCE_ID FOLDER

Exits with 0 and the line "ok" when every flow gave what it must.
"""
import json
import os
import re
import sys
import time

import requests
from click.testing import CliRunner
from package_watch import Watch
from redash_toolbelt import Redash, date_ranges
from redash_toolbelt.examples import (
    clone_dashboard_and_queries,
    find_table_names,
    gdpr_scrub,
    query_export,
    refresh_dashboard,
    refresh_query,
)

PARAMETERS = [
    {"name": "tenant", "title": "Tenant", "type": "number", "value": 5},
    {"name": "note", "title": "Note", "type": "text", "value": "%"},
    {"name": "since", "title": "Since", "type": "date", "value": "2020-01-01"},
]
TEXT = (
    "select id, tenant, note from orders where tenant = {{ tenant }} "
    "and coalesce(note, '') like '{{ note }}' and '{{ since }}' > '2000-01-01' order by id"
)


def expect(what, got, wanted):
    if got != wanted:
        sys.exit("%s: expected %r, got %r" % (what, wanted, got))


def poll_for_fresh_results_with_parameters(url, key, client, source):
    query = client.create_query(
        {
            "name": "With parameters",
            "query": TEXT,
            "data_source_id": source,
            "options": {"parameters": PARAMETERS},
        }
    ).json()
    values = {"tenant": 5, "note": "it's", "since": "2021-02-03"}
    rows = refresh_query.get_fresh_query_result(url, query["id"], key, values)
    expect("rows of tenant 5", rows, [{"id": 2, "tenant": 5, "note": "it's"}])
    attack = {"tenant": 5, "note": "x' or '1'='1", "since": "2021-02-03"}
    expect("rows of an attack", refresh_query.get_fresh_query_result(url, query["id"], key, attack), [])
    answer = requests.post(
        "%s/api/queries/%s/results" % (url, query["id"]),
        headers={"Authorization": "Key " + key},
        data=json.dumps({"max_age": 0, "parameters": dict(values, tenant="5 or 1=1")}),
    )
    expect("status of a bad number", answer.status_code, 400)
    expect(
        "words for a bad number",
        answer.json()["message"],
        "The following parameter values are incompatible with their definitions: tenant",
    )
    return query


def poll_with_a_pinned_key(url, key, query):
    """The same script with a key that fixes the tenant: it needs no change and sees one tenant."""
    made = requests.post(
        "%s/v1/queries/%s/keys" % (url, query["id"]),
        headers={"Authorization": "Key " + key},
        json={
            "name": "tenant 5",
            "pinned": {"tenant": 5},
            "free": {"note": {}, "since": {"min": "2020-01-01"}},
            "caps": {"max_age_floor": 3600},
        },
    )
    expect("status of a new key", made.status_code, 201)
    pinned = made.json()["secret"]
    for _ in range(2):
        rows = refresh_query.get_fresh_query_result(url, query["id"], pinned, {"note": "it's"})
        expect("rows of the pinned tenant", rows, [{"id": 2, "tenant": 5, "note": "it's"}])
    answer = requests.post(
        "%s/api/queries/%s/results" % (url, query["id"]),
        headers={"Authorization": "Key " + pinned},
        data=json.dumps({"max_age": 0, "parameters": {"tenant": 6}}),
    )
    expect("status of another tenant", answer.status_code, 403)


def refresh_a_dashboard(url, key, client, source, query):
    plain = client.create_query(
        {"name": "Count", "query": "select count(*) as n from orders", "data_source_id": source}
    ).json()
    board = client.create_dashboard("Orders of today")
    for shown in (query, plain):
        table = shown["visualizations"][0]["id"]
        client.create_widget(board["id"], table, "", {"position": {"col": 0, "row": 0}}).json()
    client.create_widget(board["id"], None, "# Text", {}).json()
    client.update_dashboard(board["id"], {"is_draft": False, "tags": ["daily"]})
    refresh_dashboard.refresh_dashboard(url, key, board["slug"])
    shown = refresh_dashboard.get_queries_on_dashboard(client, board["slug"])
    expect("queries on the dashboard", sorted(shown), sorted([query["id"], plain["id"]]))
    end = time.time() + 30
    while client.get_query(plain["id"])["latest_query_data_id"] is None:
        if time.time() > end:
            sys.exit("the dashboard's query was not run")
        time.sleep(0.05)
    answer = client._get("api/queries/%s/results.json" % plain["id"]).json()
    expect("the fresh result", answer["query_result"]["data"]["rows"], [{"n": 4}])
    copy = client.duplicate_dashboard(board["slug"], "Copy of it")
    widgets = client.get_dashboard(copy["id"])["widgets"]
    expect("widgets of the copy", len(widgets), 3)
    return plain


def export_all_queries_as_files(client, folder):
    queries = client.paginate(client.queries, page_size=2)
    expect("all pages", len(queries), client.queries()["count"])
    os.chdir(folder)
    query_export.save_queries(queries)
    expect("files", len([name for name in os.listdir(".") if name.endswith(".sql")]), len(queries))
    for name in os.listdir("."):
        os.remove(name)
    command(query_export.main, client.redash_url, "--api-key", api_key(client))
    expect("files of the command", len(os.listdir(".")), len(queries))


def other_calls(client, query, plain, source):
    expect("good credentials", client.test_credentials(), True)
    expect("bad credentials", Redash(client.redash_url, "x" * 40).test_credentials(), False)
    expect("the source", client.get_data_source(source)["id"], source)
    expect("sources", source in [one["id"] for one in client.get_data_sources()], True)
    expect("users", client.users()["count"] >= 1, True)
    client.create_favorite("query", plain["id"])
    expect("favourites", [one["id"] for one in client.queries(only_favorites=True)["results"]], [plain["id"]])
    fork = client.duplicate_query(query["id"], "A fork")
    expect("the fork", fork["name"], "A fork")
    expect("scheduled", list(client.scheduled_queries()), [])
    table = client.get_query(fork["id"])["visualizations"][0]
    renamed = client.update_visualization(table["id"], {"name": "Grid"}).json()
    expect("the visualization", renamed["name"], "Grid")
    board = client.dashboards()["results"][0]
    client.create_favorite("dashboard", board["id"])
    found = client.dashboards(only_favorites=True)["results"]
    expect("favourite dashboards", [one["id"] for one in found], [board["id"]])


def edit_queries(client, query):
    changed = client.update_query(query["id"], {"description": "of one tenant", "tags": ["t"]})
    expect("the new description", changed.json()["description"], "of one tenant")
    expect("tags", client.get_query(query["id"])["tags"], ["t"])
    plan = {"interval": 3600, "time": None, "day_of_week": None, "until": None}
    client.update_query(query["id"], {"schedule": plan})
    expect("scheduled", [one["id"] for one in client.scheduled_queries()], [query["id"]])
    client.update_query(query["id"], {"schedule": None})


def clone_a_dashboard_with_its_queries(client):
    board = [one for one in client.dashboards()["results"] if one["name"] == "Orders of today"][0]
    copy = clone_dashboard_and_queries.duplicate(client, board["slug"], "New ")
    shown = [one["visualization"] for one in client.get_dashboard(copy["id"])["widgets"] if "visualization" in one]
    expect("queries of the clone", all(one["query"]["name"].startswith("New ") for one in shown), True)
    expect("widgets of the clone", len(shown) >= 1, True)
    before = client.dashboards()["count"]
    arguments = [client.redash_url, board["slug"], "Again ", "--api-key", api_key(client)]
    command(clone_dashboard_and_queries.main, *arguments)
    expect("dashboards after the command", client.dashboards()["count"], before + 1)
    names = [one["name"] for one in client.paginate(client.queries)]
    expect("queries after the command", "Again Count" in names, True)


def administer(client, key):
    made = client.create_data_source("Bad", "pg", {"host": "127.0.0.1", "port": 1, "dbname": "x"})
    expect("the new source", made.json()["name"], "Bad")
    person = client._post("api/users", json={"name": "Eve", "email": "eve@example.com"}).json()
    disabled = client.disable_user(person["id"])
    expect("shut out", disabled["is_disabled"], True)
    found = client.users(only_disabled=True)["results"]
    expect("those shut out", [one["id"] for one in found], [person["id"]])
    expect("no such thing to mark", client.create_favorite("alert", 1), None)


def alerts_of_a_query(client, query):
    """All that the package can do with alerts."""
    options = {"column": "n", "op": ">", "value": 100, "selector": "first"}
    alert = client.create_alert("Too many", options, query["id"])
    expect("the alert's query", alert["query"]["id"], query["id"])
    expect("alerts", [one["id"] for one in client.alerts()], [alert["id"]])
    renamed = client.update_alert(alert["id"], name="Far too many", rearm=60).json()
    expect("the new name", (renamed["name"], renamed["rearm"]), ("Far too many", 60))
    client.update_alert(alert["id"], options=dict(options, value=200), query_id=query["id"])
    found = client.get_alert(alert["id"])
    expect("the alert", found["name"], "Far too many")
    expect("its options", (found["options"]["column"], found["options"]["value"]), ("n", 200))


def resolve_dates(url, key, client, source):
    """Dynamic dates of parameters, as the package works them out and sends them."""
    today = date_ranges.get_frontend_vals()
    expect("yesterday", refresh_dashboard.format_date(today.d_yesterday), "2026-03-17")
    expect("a range", refresh_dashboard.is_date_range(today.d_last_7_days), True)
    week = refresh_dashboard.format_date_range(today.d_this_week)
    expect("this week", week, {"start": "2026-03-16", "end": "2026-03-22"})
    parameters = [
        {"name": "when", "title": "When", "type": "date-range", "value": "d_last_month"},
        {"name": "day", "title": "Day", "type": "date", "value": "d_yesterday"},
    ]
    text = "select '{{ when.start }}' as a, '{{ when.end }}' as b, '{{ day }}' as c"
    query = client.create_query(
        {"name": "Dates", "query": text, "data_source_id": source, "options": {"parameters": parameters}}
    ).json()
    board = client.create_dashboard("Dated")
    client.create_widget(board["id"], query["visualizations"][0]["id"], "", {})
    out = command(refresh_dashboard.main, url, key, board["slug"])
    expect("the command's words", "Query: %s -- Code 200" % query["id"] in out, True)
    rows = refresh_query.get_fresh_query_result(
        url, query["id"], key, {"when": {"start": "2026-02-01", "end": "2026-02-28"}, "day": "2026-03-17"}
    )
    expect("the dates", rows, [{"a": "2026-02-01", "b": "2026-02-28", "c": "2026-03-17"}])


def find_tables(url, key, client, source):
    """Queries of a source by the tables that stand in them, of those that the source's schema has."""
    deadline = time.time() + 30
    while "schema" not in client._get("api/data_sources/%s/schema" % source).json():
        if time.time() > deadline:
            sys.exit("the schema was not read")
        time.sleep(0.05)
    found = find_table_names.find_table_names(url, key, source)
    expect("tables", sorted({name for names in found.values() for name in names}), ["orders"])
    summary = command(find_table_names.main, url, key, str(source))
    expect("a summary", re.search(r"orders \| +\d+", summary) is not None, True)
    detail = command(find_table_names.main, url, key, str(source), "--detail")
    expect("a pair", all(line.endswith(",orders") for line in detail.split()), True)
    for number in range(1, 10):
        getattr(find_table_names, "test_%d" % number)()


def search_for_a_person(url, key, client, source):
    """The search for what is known of a person: in texts, names, tags, results, and on dashboards."""
    person = "Jane.Roe@example.com"
    made = {
        "in the text": {"query": "select '%s' as x" % person.lower()},
        "named %s" % person: {"query": "select 1 as x"},
        "tagged": {"query": "select 1 as x", "tags": [person]},
        "in a result": {"query": "select 'jane.roe' || '@example.com' as x"},
    }
    ids = {}
    for name, more in made.items():
        ids[name] = client.create_query(dict(more, name=name, data_source_id=source)).json()["id"]
    expect("a hidden mention", refresh_query.get_fresh_query_result(url, ids["in a result"], key, {}),
           [{"x": person.lower()}])
    board = client.create_dashboard("Plain")
    client.create_widget(board["id"], None, "ask jane.roe@example.com", {})
    board = client.get_dashboard(board["id"])
    out = command(gdpr_scrub.lookup, url, person, "--api-key", key)
    found = re.findall(r"http\S+", out)
    wanted = ["%s/queries/%s" % (url, number) for number in ids.values()]
    expect("what was found", sorted(found), sorted(wanted + ["%s/dashboards/%s" % (url, board["slug"])]))


def api_key(client):
    return client.session.headers["Authorization"].split(" ")[1]


def command(entry, *arguments):
    """Runs a command of the package; gives what it writes."""
    done = CliRunner().invoke(entry, list(arguments), catch_exceptions=False)
    expect("the end of a command", (done.exit_code, arguments), (0, arguments))
    return done.output


def main():
    watch = Watch()
    url, key, source, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    client = Redash(url, key)
    query = poll_for_fresh_results_with_parameters(url, key, client, source)
    poll_with_a_pinned_key(url, key, query)
    plain = refresh_a_dashboard(url, key, client, source, query)
    export_all_queries_as_files(client, folder)
    other_calls(client, query, plain, source)
    edit_queries(client, query)
    clone_a_dashboard_with_its_queries(client)
    administer(client, key)
    client.dashboard(client.dashboards()["results"][0]["slug"])
    resolve_dates(url, key, client, source)
    find_tables(url, key, client, source)
    search_for_a_person(url, key, client, source)
    alerts_of_a_query(client, plain)
    # The command that moves an installation has a driver of its own.
    missing = [name for name in watch.missing if not name.startswith("migrate.")]
    expect("what of the package was not called", sorted(missing), [])
    print("ok")


main()

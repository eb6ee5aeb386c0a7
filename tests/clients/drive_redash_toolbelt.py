"""Drives the published package redash-toolbelt, unchanged, through the flows that its users run.

    redash_toolbelt.py URL USER_KEY SOURCE_ID FOLDER

Exits with 0 and the line "ok" when every flow gave what it must.
"""
import json
import os
import sys
import time

import requests
from redash_toolbelt import Redash, get_frontend_vals
from redash_toolbelt.examples.clone_dashboard_and_queries import duplicate
from redash_toolbelt.examples.query_export import save_queries
from redash_toolbelt.examples.refresh_dashboard import get_queries_on_dashboard, refresh_dashboard
from redash_toolbelt.examples.refresh_query import get_fresh_query_result

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
    rows = get_fresh_query_result(url, query["id"], key, values)
    expect("rows of tenant 5", rows, [{"id": 2, "tenant": 5, "note": "it's"}])
    attack = {"tenant": 5, "note": "x' or '1'='1", "since": "2021-02-03"}
    expect("rows of an attack", get_fresh_query_result(url, query["id"], key, attack), [])
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
        rows = get_fresh_query_result(url, query["id"], pinned, {"note": "it's"})
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
    refresh_dashboard.__wrapped__(url, key, board["slug"]) if hasattr(
        refresh_dashboard, "__wrapped__"
    ) else refresh_dashboard(url, key, board["slug"])
    shown = get_queries_on_dashboard(client, board["slug"])
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
    save_queries(queries)
    expect("files", len([name for name in os.listdir(".") if name.endswith(".sql")]), len(queries))


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
    copy = duplicate(client, board["slug"], "New ")
    shown = [one["visualization"] for one in client.get_dashboard(copy["id"])["widgets"] if "visualization" in one]
    expect("queries of the clone", all(one["query"]["name"].startswith("New ") for one in shown), True)
    expect("widgets of the clone", len(shown) >= 1, True)


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
    """All that the package can do with alerts; skipped while the server has none."""
    if requests.get(client.redash_url + "/api/alerts", headers=client.session.headers).status_code != 200:
        return False
    options = {"column": "n", "op": ">", "value": 100, "selector": "first"}
    alert = client.create_alert("Too many", options, query["id"])
    expect("the alert's query", alert["query"]["id"], query["id"])
    expect("alerts", [one["id"] for one in client.alerts()], [alert["id"]])
    renamed = client.update_alert(alert["id"], name="Far too many", rearm=60).json()
    expect("the new name", (renamed["name"], renamed["rearm"]), ("Far too many", 60))
    expect("the alert", client.get_alert(alert["id"])["name"], "Far too many")
    expect("its options", client.get_alert(alert["id"])["options"]["column"], "n")
    return True


def resolve_dates():
    today = get_frontend_vals()
    expect("dynamic dates", hasattr(today, "d_last_7_days"), True)


def watch_calls():
    """Notes which public methods of the package are called; gives those that are not."""
    missing = {name for name in vars(Redash) if not name.startswith("_") and callable(getattr(Redash, name))}

    def noted(name, method):
        def call(self, *args, **more):
            missing.discard(name)
            return method(self, *args, **more)

        return call

    for name in list(missing):
        setattr(Redash, name, noted(name, getattr(Redash, name)))
    return missing


def main():
    missing = watch_calls()
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
    resolve_dates()
    if not alerts_of_a_query(client, plain):
        missing -= {"alerts", "get_alert", "create_alert", "update_alert"}
    expect("methods of the package that were not called", sorted(missing), [])
    print("ok")


main()

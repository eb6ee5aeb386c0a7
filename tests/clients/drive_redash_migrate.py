"""Drives redash-migrate of the published package redash-toolbelt, unchanged: all objects of one server to another.

    drive_redash_migrate.py ORIGIN_URL ORIGIN_KEY DESTINATION_URL DESTINATION_KEY FOLDER SQLITE_ID

Exits with 0 and the line "ok" when every command did what it must.
"""
import json
import os
import sys

from click.testing import CliRunner
from package_watch import Watch
from redash_toolbelt import Redash
from redash_toolbelt.examples import migrate

CHART = {"globalSeriesType": "column", "columnMapping": {"id": "x", "tenant": "y"}}
PLAN = {"interval": 3600, "time": None, "day_of_week": None, "until": None}


def expect(what, got, wanted):
    if got != wanted:
        sys.exit("%s: expected %r, got %r" % (what, wanted, got))


def fill(origin, lite):
    """One of everything that the package can move."""
    made = {}
    for name in ("Eve", "Bob"):
        person = origin._post("api/users?no_invite=1", json={"name": name, "email": name + "@example.com"}).json()
        made[name] = origin._get("api/users/%s" % person["id"]).json()
    group = origin._post("api/groups", json={"name": "Analysts"}).json()
    origin._post("api/groups/%s/members" % group["id"], json={"user_id": made["Eve"]["id"]})
    origin._post("api/groups/%s/data_sources" % group["id"], json={"data_source_id": lite})
    origin._post("api/groups/%s/data_sources/%s" % (group["id"], lite), json={"view_only": True})
    results = origin.create_data_source("Earlier results", "results", {}).json()["id"]
    documents = origin.create_data_source("Documents", "csv", {}).json()["id"]
    hook = origin._post(
        "api/destinations",
        json={"name": "Hook", "type": "webhook", "options": {"url": "http://127.0.0.1:9/", "username": "u"}},
    ).json()

    eve = Redash(origin.redash_url, made["Eve"]["api_key"])
    tenants = eve.create_query(
        {"name": "Tenants", "query": "select distinct tenant from orders", "data_source_id": lite, "options": {}}
    ).json()
    eve.update_query(tenants["id"], {"is_draft": False, "tags": ["daily"], "schedule": PLAN})
    parameter = {"name": "t", "title": "T", "type": "query", "queryId": tenants["id"], "value": 5}
    chosen = eve.create_query(
        {
            "name": "Orders of a tenant",
            "description": "of one",
            "query": "select id, tenant from orders where tenant = {{ t }}",
            "data_source_id": lite,
            "options": {"parameters": [parameter]},
        }
    ).json()
    joined = origin.create_query(
        {"name": "Joined", "query": "select * from query_%s" % tenants["id"], "data_source_id": results}
    ).json()
    document = origin.create_query(
        {"name": "Document", "query": "https://example.com/a.csv\nmore", "data_source_id": documents}
    ).json()
    chart = eve._post(
        "api/visualizations",
        json={"name": "Bars", "description": "d", "type": "CHART", "options": CHART, "query_id": tenants["id"]},
    ).json()
    board = eve.create_dashboard("Orders")
    eve.create_widget(board["id"], chart["id"], "", {"position": {"col": 0, "row": 0, "sizeX": 3, "sizeY": 8}})
    eve.create_widget(board["id"], None, "# Words", {"position": {"col": 3, "row": 0, "sizeX": 3, "sizeY": 8}})
    eve.update_dashboard(board["id"], {"is_draft": False, "tags": ["daily"]})
    alert = origin.create_alert(
        "Many", {"column": "tenant", "op": ">", "value": 9, "selector": "first"}, tenants["id"]
    )
    origin.update_alert(alert["id"], rearm=60)
    origin._post("api/alerts/%s/subscriptions" % alert["id"], json={"destination_id": hook["id"]})
    origin._post("api/alerts/%s/subscriptions" % alert["id"], json={})
    eve.create_favorite("query", tenants["id"])
    eve.create_favorite("dashboard", board["id"])
    origin.disable_user(made["Bob"]["id"])
    return {"tenants": tenants, "chosen": chosen, "joined": joined, "document": document, "board": board}


def run(name, answers=""):
    """A command of redash-migrate; gives what it writes, which must not speak of failure."""
    done = CliRunner().invoke(migrate.main, [name], input=answers, catch_exceptions=False)
    for word in ("Traceback", "ERROR", "FAIL", "CAUTION", "missing"):
        if word in done.output:
            sys.exit("%s: %s" % (name, done.output))
    expect("the end of " + name, done.exit_code, 0)
    return done.output


def answers_of(origin, target):
    """What `init` asks for."""
    me, other = origin._get("api/session").json()["user"], target._get("api/session").json()["user"]
    return "\n".join(
        [origin.redash_url, key(origin), str(me["id"]), target.redash_url, key(target), str(other["id"]), other["email"]]
    ) + "\n"


def key(client):
    return client.session.headers["Authorization"].split(" ")[1]


def move(origin, target):
    expect("the first word", "Ready to proceed." in run("init", answers_of(origin, target)), True)
    expect("twice", "already exists" in run("init"), True)
    run("data-sources")
    expect("a check", "Check complete. OK" in run("check-data-sources"), True)
    run("users")
    run("groups")
    run("destinations")
    run("queries")
    run("visualizations")
    run("dashboards")
    run("alerts")
    run("favorites")
    run("disable-users")
    run("fix-qrds-refs")
    run("fix-csv-queries", "yes\n")
    for name in ("data-sources", "queries", "dashboards", "alerts", "destinations", "groups"):
        expect("%s once more" % name, "SKIP" in run(name), True)
    expect("no such command", "not a valid command" in run("everything"), True)


def check(made, target):
    with open("meta.json") as file:
        known = json.load(file)
    now = {name: target.get_query(known["queries"][str(made[name]["id"])])
           for name in ("tenants", "chosen", "joined", "document")}
    tenants = now["tenants"]
    expect("the owner", tenants["user"]["name"], "Eve")
    expect("a query", (tenants["is_draft"], tenants["tags"], tenants["schedule"]["interval"]), (False, ["daily"], 3600))
    expect("the list of values", now["chosen"]["options"]["parameters"][0]["queryId"], tenants["id"])
    expect("a draft", (now["chosen"]["is_draft"], now["chosen"]["description"]), (True, "of one"))
    expect("the join", now["joined"]["query"], "select * from query_%s" % tenants["id"])
    expect("the document", now["document"]["query"], 'url: "https://example.com/a.csv"')
    chart = [one for one in tenants["visualizations"] if one["type"] == "CHART"]
    expect("the chart", [(one["name"], one["options"]) for one in chart], [("Bars", CHART)])
    board = target.dashboard(known["dashboards"][made["board"]["slug"]])
    expect("the dashboard", (board["user"]["name"], board["is_draft"], board["tags"]), ("Eve", False, ["daily"]))
    shown = sorted((one["text"], one.get("visualization", {}).get("id")) for one in board["widgets"])
    expect("its widgets", shown, [("", chart[0]["id"]), ("# Words", None)])
    alert = target.get_alert(target.alerts()[0]["id"])
    expect("the alert", (alert["name"], alert["rearm"], alert["query"]["id"]), ("Many", 60, tenants["id"]))
    reached = target._get("api/alerts/%s/subscriptions" % alert["id"]).json()
    names = sorted(one["destination"]["name"] if "destination" in one else one["user"]["name"] for one in reached)
    expect("its subscriptions", names, ["Ada Admin", "Hook"])
    groups = {one["name"]: one["id"] for one in target._get("api/groups").json()}
    sources = target._get("api/groups/%s/data_sources" % groups["Analysts"]).json()
    expect("the group's source", [(one["name"], one["view_only"]) for one in sources], [("Lite", True)])
    members = target._get("api/groups/%s/members" % groups["Analysts"]).json()
    expect("the group's member", [one["name"] for one in members], ["Eve"])
    gone = target.users(only_disabled=True)["results"]
    expect("the one shut out", [one["name"] for one in gone], ["Bob"])
    eve = Redash(target.redash_url, known["users"][str(tenants_owner(made))]["api_key"])
    expect("a favourite", [one["id"] for one in eve.queries(only_favorites=True)["results"]], [tenants["id"]])
    liked = eve.dashboards(only_favorites=True)["results"]
    expect("a favourite dashboard", [one["id"] for one in liked], [board["id"]])


def tenants_owner(made):
    return made["tenants"]["user"]["id"]


def call_the_rest(made, origin, target):
    """What of the module no command leads to."""
    expect("an old schedule", migrate.convert_schedule("06:30")["time"], "06:30")
    migrate.make_global_meta()
    try:
        migrate.user_with_api_key(-1, target)
        sys.exit("nobody was found")
    except migrate.UserNotFoundException:
        pass
    # It looks numbers up as texts, so only queries without a list of values survive it.
    migrate.meta["queries"] = {made["tenants"]["id"]: migrate.meta["queries"][made["tenants"]["id"]]}
    migrate.fix_queries(origin, target)


def main():
    watch = Watch()
    origin, target = Redash(sys.argv[1], sys.argv[2]), Redash(sys.argv[3], sys.argv[4])
    os.chdir(sys.argv[5])
    made = fill(origin, int(sys.argv[6]))
    move(origin, target)
    check(made, target)
    call_the_rest(made, origin, target)
    missing = [name for name in watch.missing if name.startswith("migrate.")]
    expect("what of the package was not called", sorted(missing), [])
    print("ok")


main()

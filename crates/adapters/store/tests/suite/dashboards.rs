//! Dashboards and widgets.

use serde_json::json;
use tessera_access::ports::FactsRepo;
use tessera_access::{Object, Visible};
use tessera_bi::ports::{DashboardRepo, ObjectRepo, QueryRepo};
use tessera_bi::{DashboardFilter, DashboardOrder, DashboardScope, ObjectKind, TagCount, Widget};
use tessera_kernel::Code;
use tessera_kernel::ids::{DashboardId, UserId, VisualizationId, WidgetId};
use tessera_store::Store;

use crate::common::{
    add, add_source, add_user, all, at, change, dashboard, on_both, page, query, visualization,
    widget,
};

on_both! {
    dashboards_are_written_and_read an_outdated_dashboard_is_refused slugs_are_found
    widgets_come_with_what_they_show lists_show_dashboards_by_their_sources
    lists_of_dashboards_follow_their_order widgets_are_edited
    what_happens_to_widgets_is_in_the_history_of_their_dashboard
    a_dashboard_is_restored_with_its_widgets_or_not_at_all
}

async fn dashboards_are_written_and_read(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut board = dashboard(ada, "My Board");
    board.tags = vec!["b".to_owned(), "a".to_owned()];
    board.id = store.insert_dashboard(&board, &[widget(None)]).await.unwrap();
    let found = store.dashboard(board.id, Some(ada)).await.unwrap().unwrap();
    assert_eq!((found.dashboard, found.owner.id, found.starred_at), (board.clone(), ada, None));
    assert_eq!(store.dashboard_id(board.uid).await.unwrap(), Some(board.id));
    for _ in 0..2 {
        store.set_dashboard_favorite(board.id, ada, true, at(1)).await.unwrap();
    }
    let starred = async |user| store.dashboard(board.id, user).await.unwrap().unwrap().starred_at;
    assert_eq!(starred(Some(ada)).await, Some(at(1)));
    assert_eq!(starred(None).await, None);
    store.set_dashboard_favorite(board.id, ada, false, at(1)).await.unwrap();
    assert_eq!(starred(Some(ada)).await, None);
    assert_eq!(store.dashboard(DashboardId(99), None).await.unwrap(), None);
}

async fn an_outdated_dashboard_is_refused(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut board = dashboard(ada, "Board");
    board.id = store.insert_dashboard(&board, &[]).await.unwrap();
    (board.version, board.layout, board.is_archived) = (2, json!([1]), true);
    let step = change("dashboards", board.id.0, 2, ada);
    assert!(store.update_dashboard(&board, 1, &step).await.unwrap());
    assert!(!store.update_dashboard(&board, 1, &step).await.unwrap());
    assert_eq!(store.dashboard(board.id, None).await.unwrap().unwrap().dashboard, board);
    board.id = DashboardId(99);
    let missing = store.update_dashboard(&board, 2, &step).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

async fn slugs_are_found(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut ids = Vec::new();
    for (slug, archived) in [
        ("b", true),
        ("b", false),
        ("b", false),
        ("b_1", false),
        ("B_2", false),
        ("b_x", false),
        ("bx1", true),
        ("b_", true),
    ] {
        let mut board = dashboard(ada, "Board");
        (board.slug, board.is_archived) = (slug.to_owned(), archived);
        ids.push(store.insert_dashboard(&board, &[]).await.unwrap());
    }
    assert_eq!(store.dashboard_by_slug("b").await.unwrap(), Some(ids[1]));
    assert_eq!(store.dashboard_by_slug("bx1").await.unwrap(), Some(ids[6]));
    assert_eq!(store.dashboard_by_slug("none").await.unwrap(), None);
    let mut slugs = store.slugs_like("b").await.unwrap();
    slugs.sort_unstable();
    assert_eq!(slugs, ["b", "b", "b", "b_1"]);
}

async fn widgets_come_with_what_they_show(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let id = add(&store, &query(ada, shop, "q", "x")).await;
    let shown = store.query_detail(id, None).await.unwrap().unwrap();
    let shown_id = shown.visualizations[0].id;
    let widgets = [widget(Some(shown_id)), widget(None), widget(Some(shown_id))];
    let board = store.insert_dashboard(&dashboard(ada, "Board"), &widgets).await.unwrap();
    let found = store.widgets(board).await.unwrap();
    assert_eq!(found.len(), 3);
    assert!(found.windows(2).all(|pair| pair[0].widget.id < pair[1].widget.id));
    let (visualization, detail) = found[0].shows.clone().unwrap();
    assert_eq!((visualization.id, detail), (shown_id, shown));
    assert!(found[1].shows.is_none());
    assert_eq!(store.dashboard_queries(board).await.unwrap(), [id]);

    store.grant_editor(Object::Dashboard(board), ada).await.unwrap();
    let facts = store.facts(Object::Widget(found[0].widget.id)).await.unwrap().unwrap();
    assert_eq!((facts.owner, facts.dashboard, facts.query), (Some(ada), Some(board), Some(id)));
    assert_eq!((facts.source, facts.detached), (Some(shop), false));
    assert_eq!(facts.editors, [ada]);
    let facts = store.facts(Object::Widget(found[1].widget.id)).await.unwrap().unwrap();
    assert_eq!((facts.query, facts.source, facts.detached), (None, None, false));
    let facts = store.facts(Object::Visualization(shown_id)).await.unwrap().unwrap();
    assert_eq!((facts.owner, facts.source, facts.query), (Some(ada), Some(shop), Some(id)));
    let facts = store.facts(Object::Dashboard(board)).await.unwrap().unwrap();
    assert_eq!((facts.owner, facts.dashboard), (Some(ada), Some(board)));
}

fn filter(visible: Visible) -> DashboardFilter {
    DashboardFilter {
        visible,
        scope: DashboardScope::All,
        search: None,
        tags: Vec::new(),
        order: DashboardOrder::CreatedAt,
        descending: true,
    }
}

async fn listed(store: &Store, filter: &DashboardFilter) -> Vec<DashboardId> {
    let found = store.dashboards(filter, page()).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    found.items.into_iter().map(|listing| listing.dashboard.id).collect()
}

async fn lists_show_dashboards_by_their_sources(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    let (shop, crm) = (add_source(&store, "shop").await, add_source(&store, "crm").await);
    let mut shown = Vec::new();
    for source in [shop, crm] {
        let id = add(&store, &query(bob, source, "q", "x")).await;
        shown.push(store.query_detail(id, None).await.unwrap().unwrap().visualizations[0].id);
    }
    let mut ids = Vec::new();
    for (owner, name, widgets, draft) in [
        (bob, "both", vec![widget(Some(shown[0])), widget(Some(shown[1]))], false),
        (bob, "hidden", vec![widget(Some(shown[1]))], false),
        (bob, "text", vec![widget(None)], false),
        (bob, "draft", vec![], true),
        (ada, "own draft", vec![widget(Some(shown[1]))], true),
    ] {
        let mut board = dashboard(owner, name);
        (board.is_draft, board.tags) = (draft, vec!["t".to_owned()]);
        ids.push(store.insert_dashboard(&board, &widgets).await.unwrap());
    }
    let caller = Visible { everything: false, user: ada, sources: vec![shop] };
    assert_eq!(listed(&store, &filter(caller.clone())).await, [ids[4], ids[2], ids[0]]);
    assert_eq!(listed(&store, &filter(all(ada))).await, [ids[4], ids[2], ids[1], ids[0]]);
    let tag = |count| [TagCount { name: "t".to_owned(), count }];
    assert_eq!(store.dashboard_tags(&caller).await.unwrap(), tag(3));
    assert_eq!(store.dashboard_tags(&all(ada)).await.unwrap(), tag(4));
    let mut wanted = filter(caller);
    wanted.scope = DashboardScope::Mine;
    assert_eq!(listed(&store, &wanted).await, [ids[4]]);
    wanted.scope = DashboardScope::Favorites;
    store.set_dashboard_favorite(ids[2], ada, true, at(1)).await.unwrap();
    assert_eq!(listed(&store, &wanted).await, [ids[2]]);
    let mut wanted = filter(all(ada));
    wanted.search = Some("OT".to_owned());
    assert_eq!(listed(&store, &wanted).await, [ids[0]]);
    wanted.tags = vec!["other".to_owned()];
    assert!(listed(&store, &wanted).await.is_empty());
}

async fn lists_of_dashboards_follow_their_order(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "bob").await);
    let mut ids = Vec::new();
    for (owner, name, created) in [(bob, "b", 0), (ada, "A", 5), (bob, "c", 5)] {
        let mut board = dashboard(owner, name);
        board.created_at = at(created);
        ids.push(store.insert_dashboard(&board, &[]).await.unwrap());
    }
    store.set_dashboard_favorite(ids[2], ada, true, at(1)).await.unwrap();
    for (order, up, down) in [
        (DashboardOrder::Name, [1, 0, 2], [2, 0, 1]),
        (DashboardOrder::CreatedAt, [0, 1, 2], [2, 1, 0]),
        (DashboardOrder::CreatedBy, [1, 0, 2], [0, 2, 1]),
        (DashboardOrder::StarredAt, [2, 0, 1], [2, 0, 1]),
    ] {
        for (descending, places) in [(false, up), (true, down)] {
            let mut wanted = filter(all(ada));
            (wanted.order, wanted.descending) = (order, descending);
            let expected: Vec<DashboardId> =
                places.iter().map(|place: &usize| ids[*place]).collect();
            assert_eq!(listed(&store, &wanted).await, expected, "{order:?} {descending}");
        }
    }
}

async fn widgets_are_edited(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut tile = widget(None);
    tile.dashboard = store.insert_dashboard(&dashboard(ada, "Board"), &[]).await.unwrap();
    tile.id = store.insert_widget(&tile, ada).await.unwrap();
    tile.text = "new".to_owned();
    store.update_widget(&tile, ada).await.unwrap();
    assert_eq!(store.widget(tile.id).await.unwrap(), Some(tile.clone()));
    let mut wrong = tile.clone();
    wrong.visualization = Some(VisualizationId(99));
    assert_eq!(store.update_widget(&wrong, ada).await.unwrap_err().code(), Code::NotFound);
    store.delete_widget(tile.id, ada, at(9)).await.unwrap();
    assert_eq!(store.delete_widget(tile.id, ada, at(9)).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(store.widget(WidgetId(99)).await.unwrap(), None);
    assert_eq!(store.facts(Object::Widget(tile.id)).await.unwrap(), None);
    let mut board = dashboard(UserId(99), "x");
    board.slug = "x".to_owned();
    assert_eq!(store.insert_dashboard(&board, &[]).await.unwrap_err().code(), Code::NotFound);
}

/// The history of a dashboard: versions, and what happened to widgets.
async fn steps(store: &Store, dashboard: DashboardId) -> Vec<(i64, serde_json::Value)> {
    let all = store.changes_since(ObjectKind::Dashboard, dashboard.0, 0).await.unwrap();
    all.into_iter().map(|step| (step.version, step.changes)).collect()
}

async fn what_happens_to_widgets_is_in_the_history_of_their_dashboard(store: Store) {
    let (ada, shop) = (add_user(&store, "Ada").await, add_source(&store, "shop").await);
    let id = add(&store, &query(ada, shop, "q", "x")).await;
    let mut chart = visualization("Chart");
    chart.query = id;
    let chart = store.insert_visualization(&chart).await.unwrap();
    let detail = store.query_detail(id, None).await.unwrap().unwrap();
    let table = detail.visualizations[0].id;
    let board = store.insert_dashboard(&dashboard(ada, "Board"), &[]).await.unwrap();
    let mut tiles = Vec::new();
    for shown in [None, Some(chart), Some(table)] {
        let mut tile = widget(shown);
        tile.dashboard = board;
        tile.id = store.insert_widget(&tile, ada).await.unwrap();
        tiles.push(tile);
    }
    let name = |place: usize| format!("widget {}", tiles[place].id);
    let all = steps(&store, board).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].1[name(2)]["current"]["visualization_id"], json!(table));
    assert_eq!((all[0].0, &all[0].1[name(2)]["previous"]), (1, &json!(null)));
    store.update_widget(&tiles[0], ada).await.unwrap();
    assert_eq!(steps(&store, board).await.len(), 3, "nothing changed");
    // Deleted with their visualization, and with their query.
    store.delete_visualization(chart, ada, at(7)).await.unwrap();
    store.archive_query(id, at(8), &change("queries", id.0, 2, ada)).await.unwrap();
    store.delete_widget(tiles[0].id, ada, at(9)).await.unwrap();
    let all = steps(&store, board).await;
    assert_eq!(all.len(), 6);
    for (place, step) in [(0, &all[0].1), (2, &all[1].1), (1, &all[2].1)] {
        assert_eq!(step[name(place)]["current"], json!(null), "{step}");
        assert_eq!(step[name(place)]["previous"]["text"], "text");
    }
}

async fn a_dashboard_is_restored_with_its_widgets_or_not_at_all(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut board = dashboard(ada, "Board");
    board.id = store.insert_dashboard(&board, &[]).await.unwrap();
    let mut tiles = Vec::new();
    for text in ["stays", "comes back", "goes"] {
        let mut tile = widget(None);
        (tile.dashboard, tile.text) = (board.id, text.to_owned());
        tile.id = store.insert_widget(&tile, ada).await.unwrap();
        tiles.push(tile);
    }
    store.delete_widget(tiles[1].id, ada, at(2)).await.unwrap();
    let mut next = board.clone();
    (next.version, next.name) = (2, "Old".to_owned());
    let step = change("dashboards", board.id.0, 2, ada);
    (tiles[0].text, tiles[1].width) = ("as it was".to_owned(), 2);
    let (present, gone) = (tiles[..2].to_vec(), [tiles[2].id]);
    // Another version, or a visualization that is gone meanwhile: nothing happens.
    let late = store.restore_dashboard(&next, 7, &step, &present, &gone).await.unwrap();
    assert!(!late);
    let mut broken = present.clone();
    broken[1].visualization = Some(VisualizationId(99));
    let fault = store.restore_dashboard(&next, 1, &step, &broken, &gone).await.unwrap_err();
    assert_eq!(fault.code(), Code::NotFound);
    assert_eq!(store.dashboard(board.id, None).await.unwrap().unwrap().dashboard, board);
    assert!(store.restore_dashboard(&next, 1, &step, &present, &gone).await.unwrap());
    let now: Vec<Widget> =
        store.widgets(board.id).await.unwrap().into_iter().map(|detail| detail.widget).collect();
    assert_eq!(now, present, "with their numbers");
    let all = steps(&store, board.id).await;
    assert_eq!(all.iter().filter(|step| step.0 == 2).count(), 4, "the dashboard and each widget");
    // The number of a widget is never given again.
    let fresh = Widget { dashboard: board.id, ..widget(None) };
    assert!(store.insert_widget(&fresh, ada).await.unwrap() > tiles[2].id);
}

//! Users.

use serde_json::json;

use crate::callers::{Metabase, names, plain, shops};

#[test]
fn users_are_listed_whole_or_in_parts() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        for name in ["bob", "carol", "dave"] {
            shop.user(name).expect("made");
        }
        let list = admin.read("/api/user");
        assert_eq!(names(&list), ["data", "limit", "offset", "total"]);
        assert_eq!((&list["total"], &list["limit"]), (&json!(4), &json!(null)));
        let emails = |path: &str| -> Vec<String> {
            let list = admin.read(path);
            let data = list["data"].as_array().expect("a list").iter();
            data.filter_map(|user| user["email"].as_str().map(str::to_owned)).collect()
        };
        let all = emails("/api/user");
        assert_eq!(emails("/api/user?limit=2&offset=1"), all[1..3]);
        assert_eq!(emails("/api/user?limit=3&offset=1"), all[1..4]);
        let part = admin.read("/api/user?limit=2&offset=1");
        assert_eq!((&part["limit"], &part["offset"]), (&json!(2), &json!(1)));
        assert_eq!(part["total"], json!(4));
        assert_eq!(admin.get("/api/user?limit=x").status, 400);
        assert_eq!(emails("/api/user?query=carol"), ["carol@example.com"]);
        let admins = admin.group("Administrators");
        assert_eq!(emails(&format!("/api/user?group_id={admins}")), ["admin@example.com"]);
    }
}

#[test]
fn who_is_no_administrator_sees_little_of_others() {
    for shop in shops() {
        let (user, id) = shop.user("grace").expect("made");
        let user = Metabase::with_key(&shop, user.key());
        let list = user.read("/api/user");
        let brief = ["common_name", "email", "first_name", "id", "last_name"];
        assert_eq!(names(&list["data"][0]), brief);
        let forbidden = (403, "You don't have permissions to do that.".to_owned());
        for query in ["status=all", "status=deactivated", "include_deactivated=true"] {
            assert_eq!(plain(&user.get(&format!("/api/user?{query}"))), forbidden, "{query}");
        }
        assert_eq!(plain(&user.get("/api/user/1")), forbidden);
        let own = user.read(&format!("/api/user/{id}"));
        assert_eq!(own, user.read("/api/user/current"));
        assert!(own["is_superuser"] == json!(false) && own["group_ids"].is_array(), "{own}");
        assert_eq!(user.put("/api/user/1", &json!({ "first_name": "x" })).status, 403);
        let path = format!("/api/user/{id}");
        assert_eq!(user.put(&path, &json!({ "is_superuser": true })).status, 403);
        let renamed = user.put(&path, &json!({ "first_name": "Grace", "last_name": "Hopper" }));
        assert_eq!(renamed.json()["common_name"], "Grace Hopper");
    }
}

#[test]
fn users_are_made_changed_shut_out_and_let_in_again() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let team = admin.new_group("Team");
        let all = admin.group("All Users");
        let body = json!({
            "first_name": "Grace", "last_name": "Hopper", "email": "grace@example.com",
            "user_group_memberships": [{ "id": all }, { "id": team, "is_group_manager": false }],
        });
        let made = admin.post("/api/user", &body).ok().expect("made");
        assert_eq!((&made["first_name"], &made["last_name"]), (&json!("Grace"), &json!("Hopper")));
        assert_eq!(made["group_ids"], json!([all, team]));
        let again = admin.post("/api/user", &body);
        assert_eq!((again.status, names(&again.json()["errors"])), (400, vec!["email"]));
        assert_eq!(admin.post("/api/user", &json!({ "first_name": "x" })).status, 400);

        let path = format!("/api/user/{}", made["id"]);
        let change = |body: serde_json::Value| admin.put(&path, &body);
        assert_eq!(change(json!({ "is_superuser": true })).json()["is_superuser"], true);
        let back = change(json!({ "user_group_memberships": [{ "id": all }] })).json();
        assert_eq!((&back["is_superuser"], &back["group_ids"]), (&json!(false), &json!([all])));
        let without = change(json!({ "user_group_memberships": [{ "id": team }] }));
        assert_eq!(without.status, 400, "everybody is in All Users");
        let taken = change(json!({ "email": "admin@example.com" }));
        assert_eq!((taken.status, names(&taken.json()["errors"])), (400, vec!["email"]));

        assert_eq!(admin.delete(&path).json(), json!({ "success": true }));
        assert_eq!(admin.read(&path)["is_active"], false);
        assert_eq!(admin.read("/api/user?status=deactivated")["total"], json!(1));
        assert_eq!(admin.read("/api/user?status=all")["total"], json!(2));
        let reactivate = format!("{path}/reactivate");
        assert_eq!(admin.put(&reactivate, &json!({})).json()["is_active"], true);
        assert_eq!(admin.put(&reactivate, &json!({})).status, 400);
        assert_eq!(plain(&admin.get("/api/user/999999")), (404, "Not found.".to_owned()));
        let internal = admin.get("/api/user/13371338");
        assert_eq!((internal.status, internal.text().contains("internal user")), (400, true));
    }
}

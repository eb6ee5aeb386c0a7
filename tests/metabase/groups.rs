//! Groups and memberships.

use serde_json::json;

use crate::callers::{Metabase, names, plain, shops};

#[test]
fn groups_are_a_plain_list_in_order_with_counts() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        admin.new_group("zebra");
        admin.new_group("Beta");
        let groups = admin.read("/api/permissions/group");
        let list = groups.as_array().expect("a list");
        let found: Vec<&str> = list.iter().filter_map(|group| group["name"].as_str()).collect();
        assert_eq!(found, ["Administrators", "All Users", "Beta", "zebra"]);
        for group in list {
            assert_eq!(names(group), ["id", "member_count", "name"]);
        }
        let (_, user) = shop.user("grace").expect("made");
        let all = admin.group("All Users");
        let count = || {
            let groups = admin.read("/api/permissions/group");
            groups.as_array().and_then(|list| {
                list.iter().find(|group| group["id"] == json!(all))?["member_count"].as_i64()
            })
        };
        assert_eq!(count(), Some(2));
        assert_eq!(admin.delete(&format!("/api/user/{user}")).json(), json!({ "success": true }));
        assert_eq!(count(), Some(1), "who is shut out does not count");
    }
}

#[test]
fn groups_are_made_renamed_and_deleted_and_built_in_ones_are_not() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let team = admin.new_group("Team");
        let path = format!("/api/permissions/group/{team}");
        assert_eq!(admin.read(&path), json!({ "id": team, "name": "Team", "members": [] }));
        let renamed = admin.put(&path, &json!({ "name": "Crew" })).ok().expect("good");
        assert_eq!(renamed, json!({ "id": team, "name": "Crew" }));
        assert_eq!(admin.put(&path, &json!({ "name": "crew" })).status, 200, "its own name");
        for taken in ["CREW", "all users", "Administrators"] {
            let answer = admin.post("/api/permissions/group", &json!({ "name": taken }));
            assert_eq!((answer.status, names(&answer.json()["errors"])), (400, vec!["name"]));
        }
        assert_eq!(admin.post("/api/permissions/group", &json!({ "name": "" })).status, 400);
        for magic in ["All Users", "Administrators"] {
            let path = format!("/api/permissions/group/{}", admin.group(magic));
            assert_eq!(admin.put(&path, &json!({ "name": "x" })).status, 400, "{magic}");
            assert_eq!(admin.delete(&path).status, 400, "{magic}");
        }
        let gone = admin.delete(&path);
        assert_eq!((gone.status, gone.body.len()), (204, 0));
        assert_eq!(plain(&admin.get(&path)), (404, "Not found.".to_owned()));
        assert_eq!(plain(&admin.delete(&path)), (404, "Not found.".to_owned()));
    }
}

#[test]
fn members_join_and_leave_by_the_number_of_their_membership() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let team = admin.new_group("Team");
        let (_, user) = shop.user("grace").expect("made");
        let body = json!({ "group_id": team, "user_id": user });
        let members = admin.post("/api/permissions/membership", &body).ok().expect("good");
        assert_eq!(members.as_array().map(Vec::len), Some(1));
        assert_eq!(members[0]["user_id"], json!(user));
        let all = admin.read("/api/permissions/membership");
        let own = all[user.to_string()].as_array().expect("a list");
        let found = own.iter().find(|one| one["group_id"] == json!(team)).expect("there");
        assert_eq!(names(found), ["group_id", "is_group_manager", "membership_id", "user_id"]);
        assert_eq!(found["membership_id"], members[0]["membership_id"]);
        let path = format!("/api/permissions/membership/{}", found["membership_id"]);
        assert_eq!(admin.delete(&path).status, 204);
        assert_eq!(plain(&admin.delete(&path)), (404, "Not found.".to_owned()));

        admin.post("/api/permissions/membership", &body).ok().expect("good");
        let clear = format!("/api/permissions/membership/{team}/clear");
        assert_eq!(admin.put(&clear, &json!({})).status, 204);
        let shown = admin.read(&format!("/api/permissions/group/{team}"));
        assert_eq!(shown["members"], json!([]));
    }
}

#[test]
fn nobody_joins_or_leaves_all_users_and_the_last_administrator_stays() {
    for shop in shops() {
        let admin = Metabase::admin(&shop);
        let (all, admins) = (admin.group("All Users"), admin.group("Administrators"));
        let (_, user) = shop.user("grace").expect("made");
        let join = |group: i64| {
            let body = json!({ "group_id": group, "user_id": user });
            admin.post("/api/permissions/membership", &body)
        };
        assert_eq!(join(all).status, 400);
        let memberships = admin.read("/api/permissions/membership");
        let number = |user: i64, group: i64| {
            let own = memberships[user.to_string()].as_array().expect("a list");
            let found = own.iter().find(|one| one["group_id"] == json!(group)).expect("there");
            found["membership_id"].clone()
        };
        let leave = |number: serde_json::Value| {
            admin.delete(&format!("/api/permissions/membership/{number}")).status
        };
        assert_eq!(leave(number(user, all)), 400);
        assert_eq!(leave(number(1, admins)), 400, "the last administrator");
        admin.new_key("admin key", admins);
        assert_eq!(leave(number(1, admins)), 400, "a program does not count");
        assert_eq!(admin.put("/api/user/1", &json!({ "is_superuser": false })).status, 400);
        let clear = format!("/api/permissions/membership/{admins}/clear");
        assert_eq!(admin.put(&clear, &json!({})).status, 400);
        assert_eq!(join(admins).status, 200);
        assert_eq!(join(999_999).status, 404);
        assert_eq!(leave(number(1, admins)), 204, "there is another one now");
    }
}

//! The sample shop: two years of orders, the same on every machine.

use std::path::Path;

use anyhow::{Context, Result};
use chrono::{Days, NaiveDate};
use rusqlite::{Connection, params};

const CUSTOMERS: i64 = 5_000;
const PRODUCTS: i64 = 240;
const ORDERS: i64 = 40_000;
const FIRST_DAY: (i32, u32, u32) = (2024, 1, 1);
const DAYS: u64 = 731;

const SCHEMA: &str = "
CREATE TABLE customers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, city TEXT NOT NULL,
    country TEXT NOT NULL, born_on DATE, newsletter BOOLEAN, created_at TIMESTAMP NOT NULL);
CREATE TABLE products (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL,
    price DECIMAL(10, 2) NOT NULL, weight_kg REAL, discontinued BOOLEAN NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers,
    ordered_at TIMESTAMP NOT NULL, shipped_on DATE, status TEXT NOT NULL, paid BOOLEAN NOT NULL,
    discount DECIMAL(4, 2), note TEXT);
CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders, line INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products, quantity INTEGER NOT NULL,
    unit_price DECIMAL(10, 2) NOT NULL, PRIMARY KEY (order_id, line)) WITHOUT ROWID;
CREATE INDEX orders_by_time ON orders (ordered_at);
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE INDEX items_by_product ON order_items (product_id);
";

const FIRST_NAMES: [&str; 24] = [
    "Ada", "Björn", "Chloé", "Dmitri", "Emre", "Fatima", "Grace", "Hanako", "Ines", "José",
    "Kwame", "Léa", "Mateo", "Nadia", "Øyvind", "Paula", "Quentin", "Renée", "Søren", "Tomás",
    "Uma", "Viktor", "Wei", "Zoë",
];
const LAST_NAMES: [&str; 20] = [
    "Andersson",
    "Brown",
    "Çelik",
    "Dupont",
    "Evans",
    "Fischer",
    "García",
    "Håkansson",
    "Ivanova",
    "Jones",
    "Kowalski",
    "Lefèvre",
    "Müller",
    "Nowak",
    "O'Neill",
    "Pérez",
    "Rossi",
    "Silva",
    "Tanaka",
    "李",
];
const PLACES: [(&str, &str); 14] = [
    ("Berlin", "DE"),
    ("München", "DE"),
    ("Köln", "DE"),
    ("Paris", "FR"),
    ("Lyon", "FR"),
    ("Madrid", "ES"),
    ("Málaga", "ES"),
    ("London", "GB"),
    ("Kraków", "PL"),
    ("İstanbul", "TR"),
    ("東京", "JP"),
    ("São Paulo", "BR"),
    ("New York", "US"),
    ("Göteborg", "SE"),
];
const CATEGORIES: [(&str, &[&str], i64); 6] = [
    ("Coffee", &["Espresso beans", "Filter roast", "Decaf", "Cold brew"], 1_190),
    ("Tea", &["Sencha 煎茶", "Earl Grey", "Rooibos", "Maté"], 890),
    ("Kitchen", &["Kettle", "Grinder", "Scale", "Crème whipper"], 4_990),
    ("Books", &["Cookbook", "Atlas", "Novel", "Notebook"], 1_990),
    ("Garden", &["Trowel", "Seeds", "Planter", "Watering can"], 1_490),
    ("Office", &["Pen", "Desk lamp", "Stapler", "Calendar"], 990),
];
const NOTES: [&str; 6] = [
    "gift wrap",
    "leave at the door",
    "ring twice 🔔",
    "invoice to \"ACME, Inc.\"",
    "=2+2",
    "fragile",
];

/// A small generator with a fixed seed (SplitMix64): the shop is the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `n` - 1.
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len() as u64);
        &from[usize::try_from(at).unwrap_or(0)]
    }

    /// Whether something happens that happens `n` times out of a hundred.
    fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }

    fn id(&mut self, n: i64) -> i64 {
        1 + i64::try_from(self.below(n.unsigned_abs())).unwrap_or(0)
    }
}

/// Makes the shop. A file that is there from an earlier try that broke off is replaced.
pub(super) fn create(path: &Path) -> Result<()> {
    if path.try_exists()? {
        std::fs::remove_file(path)?;
    }
    let mut db = Connection::open(path).with_context(|| format!("making {}", path.display()))?;
    db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    let transaction = db.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    let mut dice = Dice(20_240_101);
    customers(&transaction, &mut dice)?;
    let prices = products(&transaction, &mut dice)?;
    orders(&transaction, &mut dice, &prices)?;
    transaction.commit()?;
    db.execute_batch("ANALYZE; PRAGMA journal_mode = DELETE;")?;
    Ok(())
}

fn day(offset: u64) -> NaiveDate {
    let (year, month, day) = FIRST_DAY;
    let first = NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    first.checked_add_days(Days::new(offset)).unwrap_or(first)
}

fn time(dice: &mut Dice, day: NaiveDate) -> String {
    let (hour, minute, second) = (7 + dice.below(16), dice.below(60), dice.below(60));
    format!("{day} {hour:02}:{minute:02}:{second:02}")
}

fn customers(db: &Connection, dice: &mut Dice) -> Result<()> {
    let mut insert = db.prepare("INSERT INTO customers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    for id in 1..=CUSTOMERS {
        let name = format!("{} {}", dice.pick(&FIRST_NAMES), dice.pick(&LAST_NAMES));
        let (city, country) = *dice.pick(&PLACES);
        let email = dice.percent(94).then(|| format!("customer{id}@example.com"));
        let born = dice
            .percent(80)
            .then(|| day(0).checked_sub_days(Days::new(7_000 + dice.below(20_000))))
            .flatten()
            .map(|day| day.to_string());
        let newsletter = dice.percent(90).then(|| dice.percent(40));
        let since = day(dice.below(200));
        let since = time(dice, since);
        insert.execute(params![id, name, email, city, country, born, newsletter, since])?;
    }
    Ok(())
}

/// Returns the prices in cents by product.
fn products(db: &Connection, dice: &mut Dice) -> Result<Vec<i64>> {
    let mut insert = db.prepare("INSERT INTO products VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let mut prices = Vec::new();
    for id in 1..=PRODUCTS {
        let (category, kinds, base) = *dice.pick(&CATEGORIES);
        let name = format!("{} No. {id}", dice.pick(kinds));
        let cents = base / 2 + i64::try_from(dice.below(base.unsigned_abs() * 2)).unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let weight = dice.percent(85).then(|| dice.below(5_000) as f64 / 1000.0);
        insert.execute(params![id, name, category, money(cents), weight, dice.percent(6)])?;
        prices.push(cents);
    }
    Ok(prices)
}

fn orders(db: &Connection, dice: &mut Dice, prices: &[i64]) -> Result<()> {
    let mut order = db.prepare("INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let mut item = db.prepare("INSERT INTO order_items VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for id in 1..=ORDERS {
        // Later days have more orders, and December more than other months.
        let mut offset = dice.below(DAYS).max(dice.below(DAYS));
        if dice.percent(5) {
            offset = 335 + dice.below(31);
        }
        let ordered = day(offset);
        let at = time(dice, ordered);
        let status = match dice.below(100) {
            0..=84 => "delivered",
            85..=90 => "shipped",
            91..=94 => "open",
            95..=97 => "returned",
            _ => "cancelled",
        };
        let sent = matches!(status, "delivered" | "shipped" | "returned");
        let shipped = sent
            .then(|| ordered.checked_add_days(Days::new(1 + dice.below(6))))
            .flatten()
            .map(|day| day.to_string());
        let paid = sent || dice.percent(30);
        let discount =
            dice.percent(12).then(|| money(i64::try_from(5 * (1 + dice.below(5))).unwrap_or(5)));
        let note = dice.percent(4).then(|| *dice.pick(&NOTES));
        let customer = dice.id(CUSTOMERS);
        order.execute(params![id, customer, at, shipped, status, paid, discount, note])?;
        for line in 1..=dice.id(3) {
            let product = dice.id(PRODUCTS);
            let cents = prices[usize::try_from(product - 1).unwrap_or(0)];
            let quantity = dice.id(4);
            item.execute(params![id, line, product, quantity, money(cents)])?;
        }
    }
    Ok(())
}

fn money(cents: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let cents = cents as f64;
    cents / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_is_large_varied_and_always_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, other) = (folder.path().join("1"), folder.path().join("2"));
        create(&one).expect("made");
        create(&other).expect("made");
        let ask = |path: &Path, sql: &str| -> i64 {
            let db = Connection::open(path).expect("opens");
            db.query_row(sql, [], |row| row.get(0)).expect("answers")
        };
        let rows = "SELECT (SELECT count(*) FROM customers) + (SELECT count(*) FROM products)
                    + (SELECT count(*) FROM orders) + (SELECT count(*) FROM order_items)";
        assert!(ask(&one, rows) >= 100_000);
        for sql in [
            rows,
            "SELECT CAST(sum(quantity * round(unit_price * 100)) AS INTEGER) FROM order_items",
            "SELECT sum(customer_id * id) FROM orders WHERE shipped_on IS NULL",
        ] {
            assert_eq!(ask(&one, sql), ask(&other, sql), "{sql}");
        }
        assert!(ask(&one, "SELECT count(*) FROM customers WHERE email IS NULL") > 0);
        assert!(ask(&one, "SELECT count(*) FROM orders WHERE ordered_at >= '2025-12-01'") > 0);
    }
}

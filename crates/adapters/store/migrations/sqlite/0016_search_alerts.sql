-- The search over alerts and snippets. The program makes the index when it opens the store.

CREATE VIRTUAL TABLE alert_words USING fts5 (
    name, description, text,
    content = '', contentless_delete = 1, detail = column, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);
CREATE TRIGGER alert_words_deleted AFTER DELETE ON alerts BEGIN
    DELETE FROM alert_words WHERE rowid = old.id;
END;

CREATE VIRTUAL TABLE snippet_words USING fts5 (
    name, description, text,
    content = '', contentless_delete = 1, detail = column, prefix = '2 3',
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);
CREATE TRIGGER snippet_words_deleted AFTER DELETE ON snippets BEGIN
    DELETE FROM snippet_words WHERE rowid = old.id;
END;

import type { IntrospectionFixture } from "@org/data-source-conformance";

export function introspectionFixture(schema: string, isMariaDb: boolean): IntrospectionFixture {
  const names = ["conf_child", "conf_parent", "conf_parts", "conf_view"];
  const drops = [
    "drop view if exists conf_view",
    ...["conf_child", "conf_parts", "conf_parent"].map((name) => `drop table if exists ${name}`),
  ];
  return {
    schema,
    scope: { schemas: { include: [schema] }, tables: { include: names } },
    setup: [
      ...drops,
      `create table conf_parent (
        id bigint unsigned not null auto_increment comment 'the key',
        code varchar(20) character set utf8mb4 collate utf8mb4_bin not null default 'new',
        price decimal(12,4) unsigned,
        doubled decimal(13,4) as (price * 2) stored,
        details json,
        kind enum('a','b') default null,
        changed timestamp(3) not null default current_timestamp(3) on update current_timestamp(3),
        notes text,
        primary key (id),
        unique key code_key (code),
        key notes_key (notes(10), kind),
        constraint price_check check (price < 1000)
      ) engine = InnoDB comment = 'the parents'`,
      `create table conf_child (
        a int not null, b int not null, parent bigint unsigned,
        primary key (b, a),
        constraint child_parent foreign key (parent) references conf_parent (id) on delete cascade on update restrict
      ) engine = InnoDB`,
      `create table conf_parts (id int not null, day date not null) engine = InnoDB
        partition by range (year(day)) (partition p0 values less than (2020), partition p1 values less than maxvalue)`,
      "create view conf_view as select id, code from conf_parent where price > 1",
    ],
    teardown: drops,
    tables: [
      {
        name: "conf_parent",
        kind: "table",
        comment: "the parents",
        definition: null,
        primaryKey: { name: "PRIMARY", columns: ["id"], enforced: true },
        uniqueConstraints: [{ name: "code_key", columns: ["code"], enforced: true }],
        foreignKeys: [],
        partitioning: null,
        native: { engine: "InnoDB" },
        columns: [
          {
            name: "id",
            type: "integer",
            nativeType: isMariaDb ? "bigint(20) unsigned" : "bigint unsigned",
            nullable: false,
            identity: "by-default",
            comment: "the key",
            default: null,
          },
          {
            name: "code",
            type: "string",
            nativeType: "varchar(20)",
            length: 20,
            collation: "utf8mb4_bin",
            default: "'new'",
            nullable: false,
          },
          {
            name: "price",
            type: "decimal",
            nativeType: "decimal(12,4) unsigned",
            precision: 12,
            scale: 4,
            nullable: true,
            default: null,
            generated: null,
          },
          { name: "doubled", type: "decimal", generated: isMariaDb ? "`price` * 2" : "(`price` * 2)" },
          { name: "details", type: "json", nativeType: "json" },
          { name: "kind", type: "string", nativeType: "enum('a','b')", default: null },
          {
            name: "changed",
            type: "timestamptz",
            nativeType: "timestamp(3)",
            precision: 3,
            default: isMariaDb ? "current_timestamp(3)" : "CURRENT_TIMESTAMP(3)",
          },
          { name: "notes", type: "string", nativeType: "text", length: 65535 },
        ],
        checks: isMariaDb
          ? [
              { name: "details", expression: "json_valid(`details`)" },
              { name: "price_check", expression: "`price` < 1000" },
            ]
          : [{ name: "price_check", expression: "(`price` < 1000)" }],
        indexes: [
          {
            name: "code_key",
            unique: true,
            method: "btree",
            parts: [{ expression: "code", isColumn: true, order: "asc" }],
          },
          {
            name: "notes_key",
            unique: false,
            parts: [
              { expression: "notes", isColumn: true, order: "asc", prefixLength: 10 },
              { expression: "kind", isColumn: true, order: "asc", prefixLength: undefined },
            ],
          },
          { name: "PRIMARY", unique: true },
        ],
        rowCount: { accuracy: "estimate", source: "information_schema.tables.table_rows" },
      } as never,
      {
        name: "conf_child",
        kind: "table",
        primaryKey: { name: "PRIMARY", columns: ["b", "a"], enforced: true },
        foreignKeys: [
          {
            name: "child_parent",
            columns: ["parent"],
            enforced: true,
            references: { catalog: undefined, schema, table: "conf_parent", columns: ["id"] },
            onDelete: "cascade",
            onUpdate: "restrict",
          },
        ],
      } as never,
      {
        name: "conf_parts",
        kind: "table",
        partitioning: { strategy: "range", expressions: ["year(`day`)"], partitions: ["p0", "p1"] },
        primaryKey: null,
      } as never,
      { name: "conf_view", kind: "view", rowCount: undefined, comment: null } as never,
    ],
  };
}

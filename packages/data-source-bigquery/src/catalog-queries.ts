/** Where a catalog query looks. All three are checked names; the rest of a query is bound. */
export interface CatalogPlace {
  readonly projectId: string;
  /** Such as `us`. */
  readonly region: string;
  readonly datasets: readonly string[];
}

const filter =
  "table_schema in unnest(@datasets) and regexp_contains(table_name, @include) and not regexp_contains(table_name, @exclude)";

/** One statement each, for all datasets of a region. */
export const regionQueries = {
  tables: (place: CatalogPlace) =>
    `select table_schema, table_name, table_type, creation_time, ddl from ${view(place, "TABLES")} where ${filter} order by table_schema, table_name`,
  columns: (place: CatalogPlace) =>
    `select table_schema, table_name, column_name, ordinal_position, is_nullable, data_type, is_generated, generation_expression, is_partitioning_column, clustering_ordinal_position, collation_name, column_default from ${view(place, "COLUMNS")} where ordinal_position is not null and ${filter} order by table_schema, table_name, ordinal_position`,
  comments: (place: CatalogPlace) =>
    `select table_schema, table_name, column_name, description from ${view(place, "COLUMN_FIELD_PATHS")} where field_path = column_name and description is not null and ${filter}`,
  options: (place: CatalogPlace) =>
    `select table_schema, table_name, option_name, option_value from ${view(place, "TABLE_OPTIONS")} where option_name in ('description', 'labels') and ${filter}`,
  views: (place: CatalogPlace) =>
    `select table_schema, table_name, view_definition from ${view(place, "VIEWS")} where ${filter}`,
  storage: (place: CatalogPlace) =>
    `select table_schema, table_name, total_rows, total_logical_bytes, storage_last_modified_time from ${view(place, "TABLE_STORAGE")} where not deleted and ${filter}`,
} as const;

/** Keys are told by dataset only: one statement for many of them. */
export const datasetQueries = {
  keys: (place: CatalogPlace) =>
    union(
      place,
      (dataset) =>
        `select k.table_schema, k.table_name, k.constraint_name, c.constraint_type, k.column_name, k.ordinal_position, k.position_in_unique_constraint from ${inDataset(place, dataset, "KEY_COLUMN_USAGE")} k join ${inDataset(place, dataset, "TABLE_CONSTRAINTS")} c on c.constraint_schema = k.constraint_schema and c.constraint_name = k.constraint_name`,
    ),
  references: (place: CatalogPlace) =>
    union(
      place,
      (dataset) =>
        `select constraint_schema, constraint_name, table_catalog, table_schema, table_name, column_name from ${inDataset(place, dataset, "CONSTRAINT_COLUMN_USAGE")}`,
    ),
} as const;

/** Datasets in one statement of `datasetQueries`. */
export const datasetsAtOnce = 50;

function union({ datasets }: CatalogPlace, one: (dataset: string) => string): string {
  return datasets.map(one).join(" union all ");
}

function view({ projectId, region }: CatalogPlace, name: string): string {
  return `\`${projectId}\`.\`region-${region}\`.INFORMATION_SCHEMA.${name}`;
}

function inDataset({ projectId }: CatalogPlace, dataset: string, name: string): string {
  return `\`${projectId}\`.\`${dataset}\`.INFORMATION_SCHEMA.${name}`;
}

/** A column as the REST API describes it. */
export interface Field {
  readonly name: string;
  /** `STRING`, `INTEGER`, `FLOAT`, `BOOLEAN`, `RECORD`, `NUMERIC`, `TIMESTAMP`… */
  readonly type: string;
  readonly mode?: "NULLABLE" | "REQUIRED" | "REPEATED";
  readonly description?: string;
  readonly fields?: readonly Field[];
  readonly precision?: string;
  readonly scale?: string;
  readonly maxLength?: string;
  readonly defaultValueExpression?: string;
  readonly rangeElementType?: { readonly type: string };
}

/** A query parameter's type, which unlike a Field nests arrays. */
export interface ParameterType {
  readonly type: string;
  readonly arrayType?: ParameterType;
  readonly structTypes?: readonly { readonly name?: string; readonly type: ParameterType }[];
  readonly rangeElementType?: { readonly type: string };
}

const duckTypes: Readonly<Record<string, string>> = {
  BIGNUMERIC: "VARCHAR",
  BOOL: "BOOLEAN",
  BOOLEAN: "BOOLEAN",
  BYTES: "BLOB",
  DATE: "DATE",
  DATETIME: "TIMESTAMP",
  FLOAT: "DOUBLE",
  FLOAT64: "DOUBLE",
  GEOGRAPHY: "VARCHAR",
  INT64: "BIGINT",
  INTEGER: "BIGINT",
  INTERVAL: "INTERVAL",
  JSON: "JSON",
  NUMERIC: "DECIMAL(38,9)",
  RANGE: "VARCHAR",
  STRING: "VARCHAR",
  TIME: "TIME",
  TIMESTAMP: "TIMESTAMPTZ",
};

export function duckTypeOfField(field: Field): string {
  const base =
    field.fields === undefined
      ? (duckTypes[field.type] ?? "VARCHAR")
      : `STRUCT(${field.fields.map((inner) => `"${inner.name}" ${duckTypeOfField(inner)}`).join(", ")})`;
  return field.mode === "REPEATED" ? `${base}[]` : base;
}

export function duckTypeOfParameter({ type, arrayType, structTypes }: ParameterType): string {
  if (arrayType) return `${duckTypeOfParameter(arrayType)}[]`;
  if (!structTypes) return duckTypes[type] ?? "VARCHAR";
  const members = structTypes.map(
    (member, index) => `"${member.name ?? `_${index}`}" ${duckTypeOfParameter(member.type)}`,
  );
  return `STRUCT(${members.join(", ")})`;
}

const standardNames: Readonly<Record<string, string>> = {
  BOOLEAN: "BOOL",
  FLOAT: "FLOAT64",
  INTEGER: "INT64",
  RECORD: "STRUCT",
};

/** The type as `INFORMATION_SCHEMA.COLUMNS.data_type` writes it. */
export function dataTypeOf(field: Field): string {
  const size = field.maxLength ?? [field.precision, field.scale].filter((part) => part !== undefined).join(", ");
  let name = standardNames[field.type] ?? field.type;
  if (field.fields) name = `STRUCT<${field.fields.map((inner) => `${inner.name} ${dataTypeOf(inner)}`).join(", ")}>`;
  else if (field.rangeElementType) name = `RANGE<${field.rangeElementType.type}>`;
  else if (size !== "") name = `${name}(${size})`;
  return field.mode === "REPEATED" ? `ARRAY<${name}>` : name;
}

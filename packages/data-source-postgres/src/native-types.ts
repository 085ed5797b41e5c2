import type { LogicalType } from "@org/data-source-core";

export interface NativeType {
  readonly oid: number;
  readonly arrayOid: number;
  readonly name: string;
  readonly type: LogicalType;
}

/** The types that every Postgres has under the same numbers: oid, oid of its array, name. From pg_type.dat. */
const rows: readonly (readonly [LogicalType, ...(readonly [number, number, string])[]])[] = [
  ["boolean", [16, 1000, "bool"]],
  ["bytes", [17, 1001, "bytea"]],
  ["integer", [20, 1016, "int8"], [23, 1007, "int4"], [21, 1005, "int2"], [26, 1028, "oid"]],
  ["float", [701, 1022, "float8"], [700, 1021, "float4"]],
  ["decimal", [1700, 1231, "numeric"]],
  ["string", [25, 1009, "text"], [1043, 1015, "varchar"], [1042, 1014, "bpchar"], [18, 1002, "char"]],
  ["string", [19, 1003, "name"], [705, 0, "unknown"]],
  ["date", [1082, 1182, "date"]],
  ["time", [1083, 1183, "time"]],
  ["timetz", [1266, 1270, "timetz"]],
  ["timestamp", [1114, 1115, "timestamp"]],
  ["timestamptz", [1184, 1185, "timestamptz"]],
  ["interval", [1186, 1187, "interval"]],
  ["json", [114, 199, "json"], [3802, 3807, "jsonb"]],
  ["uuid", [2950, 2951, "uuid"]],
  ["bits", [1562, 1563, "varbit"], [1560, 1561, "bit"]],
  ["range", [3904, 3905, "int4range"], [3906, 3907, "numrange"], [3908, 3909, "tsrange"], [3910, 3911, "tstzrange"]],
  ["range", [3912, 3913, "daterange"], [3926, 3927, "int8range"], [4451, 6150, "int4multirange"]],
  ["range", [4532, 6151, "nummultirange"], [4533, 6152, "tsmultirange"], [4534, 6153, "tstzmultirange"]],
  ["range", [4535, 6155, "datemultirange"], [4536, 6157, "int8multirange"]],
  ["other", [22, 1006, "int2vector"], [24, 1008, "regproc"], [27, 1010, "tid"], [28, 1011, "xid"], [29, 1012, "cid"]],
  ["other", [30, 1013, "oidvector"], [142, 143, "xml"], [600, 1017, "point"], [601, 1018, "lseg"], [602, 1019, "path"]],
  ["other", [603, 1020, "box"], [604, 1027, "polygon"], [628, 629, "line"], [718, 719, "circle"], [790, 791, "money"]],
  ["other", [829, 1040, "macaddr"], [774, 775, "macaddr8"], [869, 1041, "inet"], [650, 651, "cidr"]],
  ["other", [2205, 2210, "regclass"], [2206, 2211, "regtype"], [2278, 0, "void"], [2249, 2287, "record"]],
  ["other", [3614, 3643, "tsvector"], [3615, 3645, "tsquery"], [4072, 4073, "jsonpath"], [5069, 271, "xid8"]],
];

export const nativeTypes: readonly NativeType[] = rows.flatMap(([type, ...entries]) =>
  entries.map(([oid, arrayOid, name]) => ({ oid, arrayOid, name, type })),
);

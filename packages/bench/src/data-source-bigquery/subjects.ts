import { BigQuery } from "@google-cloud/bigquery";
import { createBigQueryDataSource } from "@org/data-source-bigquery";
import { OAuth2Client } from "google-auth-library";

const projectId = "test-project";

export function createOurs(url: string): ReturnType<typeof createBigQueryDataSource> {
  const accessToken = (): { token: string; expiresAt: Date } => ({
    token: "t",
    expiresAt: new Date(Date.now() + 3_600_000),
  });
  return createBigQueryDataSource({ projectId, apiEndpoint: url, location: "US", credentials: { accessToken } });
}

/** The raw client, as losslessly as it can: integers wrapped. */
export function createClient(url: string): BigQuery {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: "t", expiry_date: Date.now() + 3_600_000 });
  return new BigQuery({ projectId, apiEndpoint: url, authClient, location: "US" });
}

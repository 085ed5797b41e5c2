// The bigquery emulator's public names.

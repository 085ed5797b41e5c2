// The snowflake emulator's public names.

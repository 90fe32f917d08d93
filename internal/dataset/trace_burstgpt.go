package dataset

// burstRow converts a row of BurstGPT.
func burstRow(t *trace, row map[string]string, it *Item) (bool, error) {
	for key, name := range map[string]string{"Model": "model", "Log Type": "log_type", "Session ID": "session"} {
		if row[key] != "" {
			t.label(it, name, row[key])
		}
	}
	return t.csvItem(it, row["Timestamp"], row["Request tokens"], row["Response tokens"])
}

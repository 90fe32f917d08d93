package dataset

// azureRow converts a row of Azure's traces of LLM inference.
func azureRow(t *trace, row map[string]string, it *Item) (bool, error) {
	keep, err := t.csvItem(it, row["TIMESTAMP"], row["ContextTokens"], row["GeneratedTokens"])
	if n, bad := tokens(row["NumImages"]); bad == nil && n > 0 && keep && err == nil {
		t.images++
	}
	return keep, err
}

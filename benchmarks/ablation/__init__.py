"""The ablation of the method on the embedded backbone: what each part adds, case by case, and the report of it."""

"""The ablation of the method on procedural scenes, whose truth is known: what is asked for, how views are made, what they are worth."""

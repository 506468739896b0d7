def take(figures, stage, options): pass

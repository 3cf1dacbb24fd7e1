"""What a table of rows cannot show: comparisons, trees, graphs, sparklines. Each draws what a core function gave."""

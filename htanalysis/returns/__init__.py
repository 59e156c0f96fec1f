"""Staff’s returns, from a spreadsheet to what a reader may see."""

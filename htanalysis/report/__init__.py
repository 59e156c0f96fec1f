"""From notebooks to a folder of pages."""

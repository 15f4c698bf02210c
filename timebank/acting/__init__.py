"""An elder's account and visits, for whoever acts for them by an agency that holds now."""

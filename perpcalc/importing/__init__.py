"""What a venue holds, laid beside a portfolio: what to add, what has changed, what is gone; `plan` is the door."""

"""Reading what others write: files and answers, one reader per shape, recognised by its keys."""

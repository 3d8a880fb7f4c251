"""What others write: answers of venues and files of programs, one reader per shape."""

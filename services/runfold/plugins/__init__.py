"""What programs and people can be told of the types that flows may name: schemas, pages, groups, new projects."""

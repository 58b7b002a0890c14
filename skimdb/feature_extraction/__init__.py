"""From texts to a sparse matrix, as `sklearn.feature_extraction.text`.

In the order of the data: `_vectorizer` is the class; `_options` checks its options;
`_documents` reads any container in chunks; `_tokenize` makes tokens of a chunk;
`_corpus` counts, learns and encodes; `_vocabulary` selects terms; `_columns` says
which column a term has; `_matrix` makes a CSR matrix of the cells.
`_log_count_ratio` scales its columns by the labels.
"""

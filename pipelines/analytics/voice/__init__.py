"""What customers say in their own words: redaction, language, topics, sentiment, questions.

A topic has its tables, laws, builds and metrics (definitions) and the statistics behind them.
"""

"""The Streamlit pages: the chat about incidents, and what is known. They hold no state; the server does."""

from ui.pages.launch import SERVER_URL_VARIABLE, streamlit_arguments

__all__ = ["SERVER_URL_VARIABLE", "streamlit_arguments"]

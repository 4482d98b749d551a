"""A guest book: about the smallest application that has a PostgreSQL database."""
import os

import psycopg2
from flask import Flask, jsonify, request

app = Flask(__name__)


def query(sql, *args):
    with psycopg2.connect(os.environ["DATABASE_URL"]) as db, db.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall() if cursor.description else None


query("CREATE TABLE IF NOT EXISTS entry (id SERIAL PRIMARY KEY, text TEXT NOT NULL)")


@app.get("/")
def entries():
    return jsonify([text for (text,) in query("SELECT text FROM entry ORDER BY id")])


@app.post("/")
def sign():
    query("INSERT INTO entry (text) VALUES (%s)", request.form["text"])
    return "", 201
